import OutboundHTTP
import Testing

@Suite struct OutboundHeaderTests {
  @Test(
    "visible ASCII, spaces and tabs make a header",
    arguments: [
      ("a", ""), ("X-Custom_1", "a b\tc ~!"), ("!#$%&'*+-.^_`|~", "x"), ("webhook-id", "msg_1"),
    ])
  func taken(name: String, value: String) throws {
    let header = try OutboundHeader(name, value)
    #expect(header.name == name && header.value == value)
  }

  @Test(
    "a name that is no token is refused",
    arguments: [
      "", " ", "a b", "a:", "a\r\nb", "a\n", "a\0", "é", "a(b)", "a/b", "\"a\"", "a\u{7F}", "a\t",
      "{a}", "[a]",
    ])
  func names(name: String) {
    #expect(throws: OutboundHeaderError.invalidName) { try OutboundHeader(name, "x") }
  }

  @Test(
    "a value that could end the line, or that readers disagree about, is refused",
    arguments: [
      "a\r\nX-Injected: 1", "a\nb", "a\rb", "a\0b", "\r\n\r\nGET / HTTP/1.1", "é", "a\u{7F}",
      "a\u{85}", "\u{2028}",
      "a\u{B}b", "嘊嘍", "\u{1}",
    ])
  func values(value: String) {
    #expect(throws: OutboundHeaderError.invalidValue(name: "x")) { try OutboundHeader("x", value) }
    #expect(!OutboundHeaderError.invalidValue(name: "x").description.contains(value))
  }

  @Test(
    "what frames the message is the client's",
    arguments: [
      "Host", "host", "CONTENT-LENGTH", "Transfer-Encoding", "Connection", "Expect", "TE",
      "Trailer", "Upgrade",
      "Keep-Alive", "Proxy-Connection", "HTTP2-Settings",
    ])
  func reserved(name: String) {
    #expect(throws: OutboundHeaderError.reserved(name: name)) { try OutboundHeader(name, "x") }
    #expect(OutboundHeaderError.reserved(name: name).description.contains(name))
  }

  @Test("no byte but the allowed ones gets into a name or a value")
  func everyByte() {
    for byte in UInt8.min...UInt8.max {
      let text = String(decoding: [0x61, byte, 0x61], as: UTF8.self)
      let isValue = (0x20...0x7E).contains(byte) || byte == 9
      #expect(((try? OutboundHeader("x", text)) != nil) == isValue, "\(byte)")
      let isName = isValue && !" \t\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
      #expect(((try? OutboundHeader(text, "x")) != nil) == isName, "\(byte)")
    }
    #expect("\(OutboundHeaderError.invalidName)".contains("token"))
  }
}
