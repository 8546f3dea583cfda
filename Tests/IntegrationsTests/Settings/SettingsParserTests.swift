import Integrations
import Testing

@Suite("Settings files")
struct SettingsParserTests {
  private func parse(_ text: String) throws(SettingsError) -> SettingsValue {
    try SettingsParser.parse(Array(text.utf8), file: "f.json")
  }

  @Test("every kind of value is read, with its line")
  func kinds() throws {
    let value = try parse(
      """
      {
        "text": "a\\u00e9\\ud83d\\ude00\\n\\"\\\\\\/\\b\\f\\r\\t",
        "number": -12,
        "zero": 0,
        "yes": true, "no": false, "nothing": null,
        "list": [1, "two"], "empty": [], "object": {}
      }
      """)
    let object = try SettingsObject(
      value,
      known: ["text", "number", "zero", "yes", "no", "nothing", "list", "empty", "object"],
      file: "f.json", noun: "a test")
    #expect(try object.string("text") == "aé😀\n\"\\/\u{8}\u{c}\r\t")
    #expect(try object.integer("number", in: -20...0) == -12)
    #expect(try object.integer("zero", in: 0...1) == 0)
    #expect(try object.string("nothing") == nil)
    #expect(object.has("nothing"))
    #expect(!object.has("missing"))
    #expect(try object.array("empty")?.isEmpty == true)
    #expect(object.line(of: "number") == 3)
    #expect(object.line(of: "missing") == 1)
    #expect(object.value("yes")?.noun == "true or false")
    #expect(object.value("list")?.noun == "an array")
    #expect(object.value("object")?.noun == "an object")
  }

  @Test(
    "a fault is told with its line",
    arguments: [
      ("", "f.json:1: the document ends too soon"),
      ("{", "f.json:1: expected a key in quotes"),
      ("{\n\"a\": 1,\n}", "f.json:3: expected a key in quotes"),
      ("{\n\"a\" 1}", "f.json:2: expected ':' after \"a\""),
      ("{\"a\": 1\n\"b\": 2}", "f.json:2: expected '}' or ',' after the value of \"a\""),
      ("[1\n2]", "f.json:2: expected ']' or ',' after an element"),
      ("{\"a\": 1,\n\"a\": 2}", "f.json:2: \"a\" appears twice"),
      ("{} x", "f.json:1: something follows the end of the document"),
      ("[1.5]", "f.json:1: numbers must be whole"),
      ("[1e3]", "f.json:1: numbers must be whole"),
      ("[01]", "f.json:1: not a number that can be read"),
      ("[-]", "f.json:1: not a number that can be read"),
      ("[99999999999999999999]", "f.json:1: not a number that can be read"),
      ("[tru]", "f.json:1: expected a JSON value"),
      ("[?]", "f.json:1: expected a JSON value"),
      ("[\"a\nb\"]", "f.json:1: a string holds a control character, or its quote is missing"),
      ("[\"a", "f.json:1: the quote of a string is missing"),
      ("[\"\\x\"]", "f.json:1: an unknown escape in a string"),
      ("[\"\\", "f.json:1: the document ends too soon"),
      ("[\"\\u12\"]", "f.json:1: \\u needs four hexadecimal digits"),
      ("[\"\\u+123\"]", "f.json:1: \\u needs four hexadecimal digits"),
      ("[\"\\ud83d\"]", "f.json:1: half a surrogate pair in a string"),
      ("[\"\\ud83d\\u0041\"]", "f.json:1: half a surrogate pair in a string"),
      ("[\"\\ude00\"]", "f.json:1: half a surrogate pair in a string"),
    ])
  func faults(text: String, message: String) {
    #expect { try parse(text) } throws: { "\($0)" == message }
  }

  @Test("bytes that are no UTF-8 are refused")
  func notUTF8() {
    #expect(throws: SettingsError(file: "f.json", line: 1, "a string is not UTF-8")) {
      try SettingsParser.parse([0x22, 0xFF, 0xFE, 0x22], file: "f.json")
    }
  }

  @Test("nesting and size are bounded")
  func bounds() {
    let deep = String(repeating: "[", count: 17)
    #expect(throws: SettingsError(file: "f.json", line: 1, "more than 16 levels")) {
      try parse(deep)
    }
    #expect(throws: SettingsError(file: "f.json", "is larger than 1048576 bytes")) {
      try SettingsParser.parse([UInt8](repeating: 0x20, count: 1_048_577), file: "f.json")
    }
  }

  @Test("no bytes make it trap")
  func random() {
    let alphabet = Array("{}[]\":,\\u0d8tfn-1 \n\u{0}é".utf8) + [0xFF]
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<5000 {
      let count = Int.random(in: 0...40, using: &generator)
      let bytes = (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
      // Whether it is accepted does not matter, only that it comes back.
      _ = try? SettingsParser.parse(bytes, file: "f.json")
    }
  }

  @Test("an unknown key is named, with the known ones")
  func unknownKey() throws {
    let value = try parse("{\n \"colour\": 1}")
    let expected = SettingsError(
      file: "f.json", line: 2, "unknown key \"colour\"; known: size, shape")
    #expect(throws: expected) {
      try SettingsObject(value, known: ["size", "shape"], file: "f.json", noun: "a box")
    }
  }

  @Test(
    "a value of another kind is refused by name",
    arguments: [
      ("1", "\"k\" must be a string, not a number"),
      ("true", "\"k\" must be a string, not true or false"),
      ("[]", "\"k\" must be a string, not an array"),
      ("{}", "\"k\" must be a string, not an object"),
    ])
  func wrongKind(text: String, message: String) throws {
    let object = try SettingsObject(
      parse("{\"k\": \(text)}"), known: ["k"], file: "f.json", noun: "a test")
    #expect(throws: SettingsError(file: "f.json", line: 1, message)) { try object.string("k") }
  }

  @Test("the other accessors refuse other kinds too")
  func accessors() throws {
    let object = try SettingsObject(
      parse("{\"k\": \"x\", \"n\": 7, \"l\": [1]}"), known: ["k", "n", "l"], file: "f.json",
      noun: "a test")
    #expect(throws: SettingsError(file: "f.json", line: 1, "\"k\" must be a number, not a string"))
    {
      try object.integer("k", in: 0...1)
    }
    #expect(throws: SettingsError(file: "f.json", line: 1, "\"n\" must be from 0 to 6")) {
      try object.integer("n", in: 0...6)
    }
    #expect(throws: SettingsError(file: "f.json", line: 1, "\"k\" must be an array, not a string"))
    {
      try object.array("k")
    }
    #expect(throws: SettingsError(file: "f.json", line: 1, "\"l\" must hold strings, not a number"))
    {
      try object.strings("l")
    }
    #expect(throws: SettingsError(file: "f.json", line: 1, "a box must be an object, not an array"))
    {
      try SettingsObject(parse("[]"), known: [], file: "f.json", noun: "a box")
    }
  }
}
