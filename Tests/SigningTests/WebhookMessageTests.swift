import Signing
import Testing

@Suite struct WebhookMessageTests {
  @Test(
    "an id is 1 to 255 visible characters without dots",
    arguments: [
      "a", "!", "~", "01890a5d-ac96-774b-bcce-b302099a8057", String(repeating: "i", count: 255),
    ])
  func ids(id: String) throws {
    #expect(try message(id: id).id == id)
  }

  @Test(
    "another id is refused",
    arguments: [
      "", ".", "a.b", "a b", "a\n", "\r\n", "a\r\nb", "a\u{0}", "a\u{7F}", "é",
      String(repeating: "i", count: 256),
    ])
  func badIDs(id: String) {
    #expect(throws: WebhookMessageError.id) { try message(id: id) }
  }

  @Test("a timestamp is of the years 1970 to 9999")
  func timestamps() throws {
    for good: Int64 in [0, 253_402_300_799] {
      #expect(try message(at: good).timestampUnixSeconds == good)
    }
    for bad: Int64 in [.min, -1, 253_402_300_800, .max] {
      #expect(throws: WebhookMessageError.timestamp) { try message(at: bad) }
    }
  }

  @Test("errors say what must be")
  func texts() {
    #expect(
      "\(WebhookMessageError.id)" == "must be 1 to 255 visible ASCII characters without dots")
    #expect("\(WebhookMessageError.timestamp)".hasPrefix("must be a Unix time"))
  }

  @Test("an unsigned request carries id and timestamp too")
  func identity() throws {
    #expect(
      try message(id: "m1", at: 5).identity == [
        SignatureHeader(name: "webhook-id", value: "m1"),
        SignatureHeader(name: "webhook-timestamp", value: "5"),
      ])
  }

  @Test(
    "a header for signatures is a name that nothing else needs",
    arguments: ["X-Signature", "Linear-Signature", "x-razorpay-signature", "sig", "x_y"])
  func headerNames(name: String) throws {
    #expect(try SignatureHeaderName(name).text == name)
  }

  @Test(
    "another header is refused, with the reason",
    arguments: [
      ("", SignatureHeaderNameError.length(0)), (String(repeating: "x", count: 65), .length(65)),
      ("a b", .notToken), ("a:", .notToken), (":path", .notToken), ("a\r\n", .notToken),
      ("\r\n", .notToken), ("é", .notToken), ("Host", .reserved), ("content-type", .reserved),
      ("Content-Digest", .reserved), ("AUTHORIZATION", .reserved), ("Webhook-Id", .reserved),
      ("webhook-signature", .reserved), ("Proxy-X", .reserved), ("Transfer-Encoding", .reserved),
    ])
  func badHeaderNames(name: String, error: SignatureHeaderNameError) {
    #expect(throws: error) { try SignatureHeaderName(name) }
    #expect("\(error)".hasPrefix("must be "))
  }
}
