import Testing

@testable import integrationctl

@Suite("Text from elsewhere")
struct WebhookTextTests {
  @Test(
    "what a terminal would obey is escaped",
    arguments: [
      ("plain, ü and 日本", "plain, ü and 日本"),
      ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
      ("\u{9b}2J", "\\u{9b}2J"),
      ("a\u{202e}b", "a\\u{202e}b"),
      ("a\nb\r\tc\0", "a\\nb\\r\\tc\\u{0}"),
      ("\r\n", "\\r\\n"),
      ("", ""),
    ])
  func line(text: String, shown: String) {
    #expect(TerminalText.line(text) == shown)
    #expect(Table.fields([("a", text)]) == "a: " + shown)
  }

  @Test("no line holds anything that a terminal obeys, but for tabs")
  func obeyed() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let bytes = (0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let text = String(decoding: bytes, as: UTF8.self)
      for line in TerminalText.lines(text) + [TerminalText.line(text)] {
        #expect(!line.unicodeScalars.contains { TerminalText.isObeyed($0) && $0 != "\t" })
      }
    }
  }

  @Test("lines end at line feeds, and tabs stay")
  func lines() {
    #expect(TerminalText.lines("a\tb\r\nc\u{7}\n\nd\n") == ["a\tb", "c\\u{7}", "", "d"])
    #expect(TerminalText.lines("") == [])
  }

  @Test("JSON keeps its meaning when it is made printable")
  func json() {
    #expect(JSON.printable("{\"a\":\"ü\u{9b}\u{e0001}\"}") == #"{"a":"ü\u009b\udb40\udc01"}"#)
    #expect(JSON.printable("{\"a\":1}") == "{\"a\":1}")
  }

  @Test("a dump shows offset, bytes and visible ASCII")
  func dump() {
    #expect(
      HexDump.lines(Array("integration\u{0}\u{ff}end of it".utf8)) == [
        "00000000  69 6e 74 65 67 72 61 74  69 6f 6e 00 c3 bf 65 6e  |integration...en|",
        "00000010  64 20 6f 66 20 69 74                              |d of it|",
      ])
  }

  @Test("JSON is laid out as it was written")
  func layout() {
    #expect(
      JSONLayout.pretty(#" {"b":1.0,"a":[1e3, {}, [], "x,\"{y"],"c":{"d":null}} "#) == """
        {
          "b": 1.0,
          "a": [
            1e3,
            {},
            [],
            "x,\\"{y"
          ],
          "c": {
            "d": null
          }
        }
        """)
  }

  @Test(
    "what is no object or array is not laid out",
    arguments: ["", "1", "\"a\"", "{\"a\":}", "{", "[1] 2", String(repeating: "[", count: 40)])
  func unlaid(text: String) {
    #expect(JSONLayout.pretty(text) == nil)
  }

  @Test("JSON that is nested too deeply stays on its line")
  func deep() {
    let text = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
    #expect(BodyText.lines(Array(text.utf8)) == [text])
  }

  @Test("bodies are shown as what they are")
  func bodies() {
    #expect(BodyText.lines([]) == ["(no body)"])
    #expect(BodyText.lines(Array("[1]".utf8)) == ["[", "  1", "]"])
    #expect(BodyText.lines(Array("ok\u{1b}[31m\n".utf8)) == ["ok\\u{1b}[31m"])
    #expect(
      BodyText.lines([0xFF, 0x41]) == [
        "00000000  ff 41                                             |.A|"
      ])
    #expect(BodyText.lines(Array("gr".utf8) + [0xC3], isTruncated: true).first == "gr")
    #expect(BodyText.lines(Array("gr".utf8) + [0xC3]).first?.hasPrefix("00000000") == true)
    let long = BodyText.lines([UInt8](repeating: 0, count: BodyText.maxDumpedBytes + 7))
    #expect(long.last == "(and 7 bytes)")
  }

  @Test(
    "sizes have a unit",
    arguments: [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (1 << 20, "1 MiB")])
  func sizes(bytes: Int, text: String) {
    #expect(Format.size(bytes) == text)
  }
}
