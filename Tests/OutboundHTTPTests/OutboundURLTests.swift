import Glibc
import NetworkAddress
import OutboundHTTP
import Testing

@Suite struct OutboundURLTests {
  static let lenient = OutboundURLRules(allowsHTTP: true, ports: [1...65535])

  @Test(
    "a URL is read, and written in its canonical form",
    arguments: [
      ("https://example.com", "https://example.com/"),
      ("HTTPS://Example.COM:443/Path", "https://example.com/Path"),
      ("https://example.com:8443?q=1", "https://example.com:8443/?q=1"),
      (
        "https://a-b.c1/%7e/x;y=1,2/@:!$&'()*+?a=/?:@&b=%20",
        "https://a-b.c1/%7e/x;y=1,2/@:!$&'()*+?a=/?:@&b=%20"
      ),
      ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
      ("https://192.0.2.7:1024/", "https://192.0.2.7:1024/"),
      ("https://[2001:DB8::1]/", "https://[2001:db8::1]/"),
      ("https://localhost:65535/", "https://localhost:65535/"),
      ("https://example.com/a/../b/./c//d", "https://example.com/a/../b/./c//d"),
      ("https://example.com/?", "https://example.com/?"),
      ("https://1.example/", "https://1.example/"),
      ("https://0x7f.example/", "https://0x7f.example/"),
      ("https://example.com:80/", "https://example.com:80/"),
    ])
  func canonical(text: String, expected: String) throws {
    let url = try OutboundURL(text)
    #expect(url.description == expected)
    #expect(try OutboundURL(expected) == url)
  }

  @Test("the parts of a URL can be asked for")
  func parts() throws {
    let named = try OutboundURL("https://Example.com:8443/a?b=c")
    #expect(named.scheme == .https)
    #expect(named.host == "example.com")
    #expect(named.port == 8443)
    #expect(named.target == "/a?b=c")
    #expect(named.literal == nil)
    #expect(named.origin == "https://example.com:8443")
    let v6 = try OutboundURL("http://[::1]", rules: Self.lenient)
    #expect(v6.literal == .v6(1))
    #expect(v6.host == "[::1]")
    #expect(v6.port == 80)
    #expect(v6.origin == "http://[::1]:80")
    #expect(try OutboundURL("https://1.2.3.4").literal == .v4(0x0102_0304))
  }

  static let longLabel = String(repeating: "a", count: 64)
  static let longName = Array(repeating: String(repeating: "a", count: 49), count: 6)
    .joined(separator: ".")

  @Test(
    "what is not a plain URL is refused with the reason",
    arguments: [
      ("", OutboundURLError.empty), ("https://" + String(repeating: "a", count: 2041), .tooLong),
      ("https://bücher.example/", .notASCII), ("https://example.com/ü", .notASCII),
      ("https://①②⑦.0.0.1/", .notASCII), ("https://example。com/", .notASCII),
      (" https://example.com/", .forbiddenCharacter),
      ("https://example.com/ ", .forbiddenCharacter),
      ("https://exam\tple.com/", .forbiddenCharacter),
      ("https://example.com/\r\nX: y", .forbiddenCharacter),
      ("https://example.com/\0", .forbiddenCharacter),
      ("https://example.com\\@evil/", .forbiddenCharacter),
      ("https:\\\\example.com/", .forbiddenCharacter),
      ("https://example.com/\u{7F}", .forbiddenCharacter),
      ("http://example.com/", .notHTTPS), ("example.com", .notHTTPS), ("//example.com", .notHTTPS),
      ("https:/example.com", .notHTTPS), ("https:example.com", .notHTTPS),
      ("ftp://example.com/", .notHTTPS),
      ("file:///etc/passwd", .notHTTPS), ("gopher://example.com/", .notHTTPS),
      ("https://example.com/#a", .fragment), ("https://example.com#@evil/", .fragment),
      ("https://user@example.com/", .userInfo), ("https://user:pass@example.com/", .userInfo),
      ("https://@example.com/", .userInfo), ("https://example.com:443@evil/", .userInfo),
      ("https://", .noHost), ("https:///path", .noHost), ("https://:443/", .noHost),
      ("https://?q", .noHost),
      ("https://exa%6dple.com/", .invalidName), ("https://example%00.com/", .invalidName),
      ("https://-a.example/", .invalidName), ("https://a-.example/", .invalidName),
      ("https://a..example/", .invalidName), ("https://.example/", .invalidName),
      ("https://a_b.example/", .invalidName), ("https://a,b/", .invalidName),
      ("https://\(longLabel).example/", .invalidName), ("https://\(longName)/", .invalidName),
      ("https://::1/", .invalidIPv6), ("https://2001:db8::1/", .invalidIPv6),
      ("https://example.com./", .trailingDot), ("https://127.0.0.1./", .trailingDot),
      ("https://./", .trailingDot),
      ("https://127.1/", .numericHost), ("https://0x7f.1/", .numericHost),
      ("https://2130706433/", .numericHost),
      ("https://0177.0.0.1/", .numericHost), ("https://0x7f000001/", .numericHost),
      ("https://0x/", .numericHost),
      ("https://1.2.3.4.5/", .numericHost), ("https://example.1/", .numericHost),
      ("https://256.1.1.1/", .numericHost),
      ("https://example.0x1f/", .numericHost), ("https://example.0X1F/", .numericHost),
      ("https://[::1/", .invalidIPv6), ("https://[]/", .invalidIPv6),
      ("https://[::1]x/", .invalidIPv6),
      ("https://[fe80::1%25eth0]/", .invalidIPv6), ("https://[fe80::1%eth0]/", .invalidIPv6),
      ("https://[::ffff:127.0.0.1]/", .invalidIPv6), ("https://[0:0:0:0:0:0:0:1]/", .invalidIPv6),
      ("https://[127.0.0.1]/", .invalidIPv6), ("https://[v1.x]/", .invalidIPv6),
      ("https://[::1][::1]/", .invalidIPv6),
      ("https://example.com:/", .invalidPort), ("https://example.com:0/", .invalidPort),
      ("https://example.com:0443/", .invalidPort), ("https://example.com:65536/", .invalidPort),
      ("https://example.com:+443/", .invalidPort), ("https://example.com:443443/", .invalidPort),
      ("https://example.com:443:443/", .invalidIPv6), ("https://example.com:ssh/", .invalidPort),
      ("https://example.com:22/", .portNotAllowed(22)),
      ("https://example.com:1023/", .portNotAllowed(1023)),
      ("https://example.com/%", .invalidEscape), ("https://example.com/%4", .invalidEscape),
      ("https://example.com/%zz", .invalidEscape), ("https://example.com/?a=%4g", .invalidEscape),
      ("https://example.com/<", .invalidPath(false)),
      ("https://example.com/{a}", .invalidPath(false)),
      ("https://example.com/?a[]=1", .invalidPath(true)),
      ("https://example.com/?\"", .invalidPath(true)),
      ("https://example.com/a|b", .invalidPath(false)),
      ("https://example.com/^", .invalidPath(false)),
    ])
  func refused(text: String, expected: OutboundURLError) {
    #expect(throws: expected) { try OutboundURL(text) }
    #expect(expected.description.hasPrefix("must "))
  }

  @Test("http is for those who allow it")
  func schemes() throws {
    #expect(try OutboundURL("http://a.example", rules: Self.lenient).port == 80)
    #expect(throws: OutboundURLError.notHTTP) {
      try OutboundURL("ws://a.example", rules: Self.lenient)
    }
    let only443 = OutboundURLRules(ports: [443...443])
    #expect(throws: OutboundURLError.portNotAllowed(80)) {
      try OutboundURL(
        "http://a.example", rules: OutboundURLRules(allowsHTTP: true, ports: [443...443]))
    }
    #expect(throws: OutboundURLError.portNotAllowed(8443)) {
      try OutboundURL("https://a.example:8443", rules: only443)
    }
  }

  @Test("no name that is taken is an address for inet_aton, and every address is the same one")
  func agreesWithTheSystem() {
    var generator = SeededGenerator(state: 7)
    let alphabet = Array("0012778afxX..ee-".utf8)
    var names = 0
    for _ in 0..<30_000 {
      let host = String(
        decoding: (0..<Int.random(in: 1...14, using: &generator)).map { _ in
          alphabet.randomElement(using: &generator) ?? 0
        }, as: UTF8.self)
      guard let url = try? OutboundURL("https://\(host)/") else { continue }
      var address = in_addr()
      let isAddress = inet_aton(host, &address) != 0
      if let literal = url.literal {
        #expect(isAddress && literal == .v4(UInt32(bigEndian: address.s_addr)), "\(host)")
      } else {
        names += 1
        #expect(!isAddress, "\(host)")
      }
    }
    #expect(names > 300)
  }

  @Test("noise is refused, or is the same when it is read again")
  func noise() {
    var generator = SeededGenerator(state: 11)
    let alphabet = Array("aZ09.-_:/?#[]@%\\ \t&=+~|é\u{0}f1".utf8)
    for _ in 0..<15_000 {
      let text =
        "https://"
        + String(
          decoding: (0..<Int.random(in: 0...20, using: &generator)).map { _ in
            alphabet.randomElement(using: &generator) ?? 0
          }, as: UTF8.self)
      do {
        let url = try OutboundURL(text)
        #expect(try OutboundURL(url.description) == url)
        #expect(url.target.hasPrefix("/") && text.hasSuffix(url.target.dropFirst()))
      } catch {
        #expect(!"\(error)".isEmpty)
      }
    }
  }
}
