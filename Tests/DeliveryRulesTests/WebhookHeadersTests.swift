import DeliveryRules
import Testing

@Suite struct WebhookHeadersTests {
  private func check(
    _ headers: [(String, String)], authorization: Bool = false, signature: String? = nil
  ) throws(WebhookHeadersError) -> WebhookHeaders {
    try WebhookHeaders(
      headers.map { CustomHeader(name: $0.0, value: $0.1) },
      daemonSetsAuthorization: authorization, signatureHeader: signature)
  }

  @Test("good headers are kept as they are, in order")
  func good() throws {
    let headers = [
      ("X-Tenant", "school 7"), ("x-api-key", "s3cr3t\tx"), ("User-Agent", "me/1.0"),
      ("Forwarded", "for=1"), ("Authorization", "Custom abc"), ("!#$%&'*+-.^_`|~09azAZ", "~!"),
      (String(repeating: "n", count: 64), String(repeating: "v", count: 4096)),
    ]
    let checked = try check(headers)
    #expect(checked.headers.map(\.name) == headers.map(\.0))
    #expect(checked.headers.map(\.value) == headers.map(\.1))
    #expect(try check([]) == .none)
  }

  @Test(
    "a name that is no token is refused and not repeated",
    arguments: [
      "a b", "a:", ":path", "a\r\nHost", "a\n", "a\u{0}", "é", "a(b)", "a/b", "\"a\"", "a,b", "\t",
      "\r\n",
    ])
  func badNames(name: String) {
    #expect(throws: WebhookHeadersError.header(index: 0, name: nil, .nameNotToken)) {
      try check([(name, "x")])
    }
  }

  @Test("a name has 1 to 64 bytes", arguments: [0, 65])
  func nameLengths(count: Int) {
    let error = WebhookHeadersError.header(index: 1, name: nil, .nameLength(count))
    #expect(throws: error) {
      try check([("a", "b"), (String(repeating: "n", count: count), "x")])
    }
    #expect("\(error)" == "must be 1 to 64 bytes long, not \(count)")
    #expect(error.field == "[1].name")
  }

  @Test(
    "what the daemon or the connection sets is refused in any case",
    arguments: [
      "Host", "CONNECTION", "content-length", "Content-Type", "content-encoding",
      "Transfer-Encoding", "TE", "trailer", "Upgrade", "keep-alive", "Proxy-Authorization",
      "proxy-connection", "Proxy-Anything", "Expect", "Cookie", "Set-Cookie", "Date", "Via",
      "webhook-id", "Webhook-Timestamp", "WEBHOOK-SIGNATURE", "webhook-anything",
      "X-Hub-Signature-256", "x-hub-signature", "Stripe-Signature", "Accept-Encoding",
      "HTTP2-Settings", "Content-Range",
    ])
  func reserved(name: String) {
    #expect(throws: WebhookHeadersError.header(index: 0, name: name, .reserved)) {
      try check([(name, "x")])
    }
  }

  @Test("Authorization is refused exactly when the daemon sets it")
  func authorization() throws {
    let header = [("AUTHORIZATION", "Basic abc")]
    #expect(try check(header).headers.count == 1)
    #expect(throws: WebhookHeadersError.header(index: 0, name: "AUTHORIZATION", .reserved)) {
      try check(header, authorization: true)
    }
  }

  @Test("the header of the signature is refused in any case")
  func signature() throws {
    let header = [("x-Signature", "abc")]
    #expect(try check(header).headers.count == 1)
    #expect(throws: WebhookHeadersError.header(index: 0, name: "x-Signature", .reserved)) {
      try check(header, signature: "X-Signature")
    }
  }

  @Test(
    "a value with anything but visible ASCII, blanks and tabs is refused",
    arguments: [
      "a\r\nHost: evil", "a\n", "\na", "a\r", "a\u{0}b", "a\u{7F}", "a\u{1B}", "é", "a\u{85}",
      "\r\n",
    ])
  func badValues(value: String) {
    let error = WebhookHeadersError.header(index: 0, name: "a", .valueNotVisible)
    #expect(throws: error) { try check([("a", value)]) }
    #expect(error.field == "[0].value")
  }

  @Test("a value neither begins nor ends with a blank", arguments: [" a", "a ", "\ta", "a\t", " "])
  func blanks(value: String) {
    #expect(throws: WebhookHeadersError.header(index: 0, name: "a", .valueBlankAtEnd)) {
      try check([("a", value)])
    }
  }

  @Test("a value has 1 to 4096 bytes", arguments: [0, 4097])
  func valueLengths(count: Int) {
    let error = WebhookHeadersError.header(index: 0, name: "a", .valueLength(count))
    #expect(throws: error) { try check([("a", String(repeating: "v", count: count))]) }
    #expect("\(error)" == "must be 1 to 4096 bytes long, not \(count) (a)")
  }

  @Test("a name may be there once, whatever its case")
  func repetition() {
    #expect(throws: WebhookHeadersError.header(index: 2, name: "x-A", .repeated)) {
      try check([("X-a", "1"), ("b", "2"), ("x-A", "1")])
    }
  }

  @Test("32 headers are kept, 33 are not")
  func count() throws {
    let headers = (0..<33).map { ("x-\($0)", "v") }
    #expect(try check(Array(headers.prefix(32))).headers.count == 32)
    let error = WebhookHeadersError.tooMany(33)
    #expect(throws: error) { try check(headers) }
    #expect("\(error)" == "must be at most 32 headers, not 33")
    #expect(error.field == "")
  }

  @Test("names and values have 8 KiB in all")
  func size() throws {
    let first = ("a", String(repeating: "v", count: 4095))
    let second = ("b", String(repeating: "v", count: 4095))
    #expect(try check([first, second]).headers.count == 2)
    let error = WebhookHeadersError.tooLarge(8193)
    #expect(throws: error) {
      try check([first, (second.0, second.1 + "v")])
    }
    #expect("\(error)" == "must be at most 8192 bytes in all, not 8193")
  }

  @Test("every rule says what must be, and no error shows a value")
  func texts() {
    let rules: [HeaderRule] = [
      .nameLength(0), .nameNotToken, .reserved, .repeated, .valueLength(0), .valueNotVisible,
      .valueBlankAtEnd,
    ]
    for rule in rules {
      #expect("\(rule)".hasPrefix("must "))
      let error = WebhookHeadersError.header(index: 3, name: "x-a", rule)
      #expect("\(error)" == "\(rule) (x-a)")
      #expect(error.field.hasPrefix("[3]."))
    }
  }

  @Test(
    "names that tell of a credential",
    arguments: [
      ("Authorization", true), ("X-API-Key", true), ("x-auth-token", true), ("apikey", true),
      ("My_Client_Secret", true), ("X-Password", true), ("X-Tenant", false), ("Monkey", false),
      ("X-Keyboard", false), ("User-Agent", false), ("X-Author", false),
    ])
  func credentials(name: String, isCredential: Bool) {
    #expect(CustomHeader(name: name, value: "v").isCredential == isCredential)
  }

  @Test("a header does not show its value")
  func redaction() {
    let header = CustomHeader(name: "x-a", value: "canary")
    var dumped = ""
    dump(header, to: &dumped)
    #expect("\(header)" == "x-a: [redacted]")
    #expect(!dumped.contains("canary"))
  }

  @Test("whatever is accepted can stand in a request: no byte ends a line")
  func noise() {
    var random = SplitMix(state: 6)
    var accepted = 0
    let alphabet: [Unicode.Scalar] = ["a", "B", "-", ":", " ", "\t", "\r", "\n", "\u{0}", "é"]
    for _ in 0..<20_000 {
      let texts = (0..<2).map { _ in
        var text = ""
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          text.unicodeScalars.append(alphabet.randomElement(using: &random) ?? "a")
        }
        return text
      }
      do throws(WebhookHeadersError) {
        for header in try check([(texts[0], texts[1])]).headers {
          accepted += 1
          for scalar in (header.name + header.value).unicodeScalars {
            #expect(scalar == "\t" || (0x20...0x7E).contains(scalar.value))
          }
          #expect(!header.name.utf8.contains(UInt8(ascii: ":")))
        }
      } catch {
        #expect("\(error)".utf8.allSatisfy { (0x20...0x7E).contains($0) })
      }
    }
    #expect(accepted > 100)
  }
}
