import JSONSchema
import Testing

/// What the public suite does not ask about the formats.
@Suite struct FormatTests {
  @Test(
    "a text of the format is accepted",
    arguments: [
      ("date-time", "2026-01-31T23:59:59.123456789012Z"), ("date-time", "2024-02-29t00:00:00z"),
      ("date", "2000-02-29"), ("time", "00:59:60+01:00"), ("email", "a@b"),
      ("email", "a+b@x-y.example"),
      ("email", "\"a\\\"b\"@c"), ("uuid", "00000000-0000-0000-0000-00000000000A"), ("uri", "a:"),
      ("uri", "http://[v1.a:b]/"), ("uri", "http://u:p@[::1]:80/a;b?c=/?#d"), ("ipv4", "0.0.0.0"),
      ("ipv6", "::"), ("ipv6", "1::"), ("ipv6", "::1"), ("ipv6", "1:2:3:4:5:6:7::"),
      ("ipv6", "::ffff:255.255.255.255"), ("ipv6", "1:2:3:4:5:6:1.2.3.4"), ("hostname", "-"),
    ])
  func accepted(format: String, text: String) throws {
    #expect(try judged(format, text) == [])
  }

  @Test(
    "a text that is not of the format is refused with words",
    arguments: [
      ("date-time", "2026-01-31", "a date and time as in 2026-01-31T23:59:59Z (RFC 3339)"),
      (
        "date-time", "2026-01-31 00:00:00Z", "a date and time as in 2026-01-31T23:59:59Z (RFC 3339)"
      ),
      ("date", "1900-02-29", "a date as in 2026-01-31"),
      ("date", "2026-00-01", "a date as in 2026-01-31"),
      ("date", "", "a date as in 2026-01-31"), ("date", "2026-04-31", "a date as in 2026-01-31"),
      ("time", "12:00:00.Z", "a time with its offset as in 23:59:59Z (RFC 3339)"),
      ("time", "12:00:00", "a time with its offset as in 23:59:59Z (RFC 3339)"),
      ("email", "a@-b", "an e-mail address"), ("email", "a@b..c", "an e-mail address"),
      ("email", "é@b", "an e-mail address"), ("email", "\"a\"b@c", "an e-mail address"),
      ("email", "\"a\u{7f}\"@c", "an e-mail address"), ("email", "\"a\\@c", "an e-mail address"),
      ("email", "\(String(repeating: "a", count: 65))@b", "an e-mail address"),
      ("email", "a@\(String(repeating: "b", count: 64))", "an e-mail address"),
      ("uuid", "0000000-00000-0000-0000-000000000000", "a UUID"),
      ("uuid", "00000000-0000-0000-0000-00000000000g", "a UUID"),
      ("uri", "http://[::1", "an absolute URI (RFC 3986)"),
      ("uri", "http://[v1.]/", "an absolute URI (RFC 3986)"),
      ("uri", "http://[::1]x/", "an absolute URI (RFC 3986)"),
      ("uri", "http://a@b@c/", "an absolute URI (RFC 3986)"),
      ("uri", "a:b#c#d", "an absolute URI (RFC 3986)"), ("uri", "", "an absolute URI (RFC 3986)"),
      ("uri", "a:?[", "an absolute URI (RFC 3986)"),
      ("ipv4", "1.2.3", "an IPv4 address"), ("ipv4", "1.2.3.04", "an IPv4 address"),
      ("ipv4", "1.2.3.1000", "an IPv4 address"), ("ipv4", "1.2.3.", "an IPv4 address"),
      ("ipv6", ":", "an IPv6 address"), ("ipv6", ":::", "an IPv6 address"),
      ("ipv6", ":1::2", "an IPv6 address"),
      ("ipv6", "1::2:", "an IPv6 address"), ("ipv6", "1::2::3", "an IPv6 address"),
      ("ipv6", "1:2:3:4:5:6:7:8:9", "an IPv6 address"),
      ("ipv6", "1:2:3:4:5:6:7", "an IPv6 address"),
      ("ipv6", "1:2:3:4:5:6:7:1.2.3.4", "an IPv6 address"),
      ("ipv6", "1.2.3.4::", "an IPv6 address"),
      ("ipv6", "::12345", "an IPv6 address"), ("ipv6", "::1%eth0", "an IPv6 address"),
      ("ipv6", "1:2:3:4:5:6:7:8::", "an IPv6 address"),
      ("ipv6", "\(String(repeating: ":", count: 100))", "an IPv6 address"),
    ])
  func refused(format: String, text: String, phrase: String) throws {
    #expect(try judged(format, text) == [" must be \(phrase)"])
  }

  @Test("what is no string has any format, and nothing is asserted unless asked for")
  func others() throws {
    #expect(try judge("{\"format\":\"date\"}", "[1]", formats: .asserted) == [])
    #expect(try judge("{\"format\":\"date\"}", "\"x\"") == [])
  }

  private func judged(_ format: String, _ text: String) throws -> [String] {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return try judge("{\"format\":\"\(format)\"}", "\"\(escaped)\"", formats: .asserted)
  }
}
