import JSONSchema
import Testing

@Suite struct JSONParsingTests {
  @Test(
    "what RFC 8259 allows is read",
    arguments: [
      "null", " true\n", "\tfalse\r", "0", "-0", "-0.0", "1e5", "1E+5", "1.25e-7", "1e0000000001",
      "\"\"", "\"a\\u0000b\"", "\"\u{7f}\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", "[]", "{}",
      "[1, [2, []], {}]", "{\"\":0}", "{\"a\":1,\"b\":{\"a\":1}}", "\"\u{10ffff}\"", "\"\u{2028}\"",
      "\"\\uD83D\\uDE00\"", "\"\\ufffe\"", "1e400", "1e-999999999",
    ])
  func accepted(text: String) throws {
    let document = try read(Array(text.utf8))
    #expect(try read(document.serialized()).root == document.root)
  }

  @Test(
    "what is not JSON is refused, with the byte at which it shows",
    arguments: [
      ("", JSONError.Reason.unexpectedEnd, 0), (" ", .unexpectedEnd, 1), ("nul", .unexpectedEnd, 3),
      ("nulL", .unexpectedByte(0x4c), 3), ("NaN", .unexpectedByte(0x4e), 0),
      ("Infinity", .unexpectedByte(0x49), 0), ("-Infinity", .invalidNumber, 0),
      ("+1", .unexpectedByte(0x2b), 0), ("01", .invalidNumber, 0), ("-01", .invalidNumber, 0),
      ("00", .invalidNumber, 0), ("1.", .invalidNumber, 0), (".5", .unexpectedByte(0x2e), 0),
      ("-", .invalidNumber, 0), ("1e", .invalidNumber, 0), ("1e+", .invalidNumber, 0),
      ("0x10", .trailingBytes, 1), ("1 2", .trailingBytes, 2), ("[1]]", .trailingBytes, 3),
      ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3), ("[1,]", .unexpectedByte(0x5d), 3),
      ("[,1]", .unexpectedByte(0x2c), 1), ("[1 2]", .unexpectedByte(0x32), 3),
      ("[1}", .unexpectedByte(0x7d), 2), ("{\"a\"}", .unexpectedByte(0x7d), 4),
      ("{\"a\":}", .unexpectedByte(0x7d), 5), ("{\"a\":1,}", .unexpectedByte(0x7d), 7),
      ("{a:1}", .unexpectedByte(0x61), 1), ("{1:1}", .unexpectedByte(0x31), 1),
      ("{\"a\" 1}", .unexpectedByte(0x31), 5), ("{\"a\":1", .unexpectedEnd, 6),
      ("{\"a\":1]", .unexpectedByte(0x5d), 6), ("'a'", .unexpectedByte(0x27), 0),
      ("\"a", .unexpectedEnd, 2), ("\"a\nb\"", .controlCharacter, 2),
      ("\"\u{0}\"", .controlCharacter, 1), ("\"\\a\"", .invalidEscape, 1),
      ("\"\\", .unexpectedEnd, 2), ("\"\\u12", .unexpectedEnd, 5),
      ("\"\\u12g4\"", .invalidEscape, 5),
      ("\"\\u+123\"", .invalidEscape, 3), ("\"\\ud800\"", .loneSurrogate, 1),
      ("\"\\udc00\"", .loneSurrogate, 1), ("\"\\ud800\\n\"", .loneSurrogate, 1),
      ("\"\\ud800\\ud800\"", .loneSurrogate, 1), ("\"\\ud800a\"", .loneSurrogate, 1),
      ("\u{feff}null", .unexpectedByte(0xef), 0), ("//\n1", .unexpectedByte(0x2f), 0),
      ("1e1000000000", .numberOutOfRange, 0), ("[-1e-99999999999999999999]", .numberOutOfRange, 1),
      ("\u{a0}1", .unexpectedByte(0xc2), 0), ("[1\u{0}]", .unexpectedByte(0), 2),
    ])
  func refused(text: String, reason: JSONError.Reason, offset: Int) {
    let error = #expect(throws: JSONError.self) { try read(Array(text.utf8)) }
    #expect(error?.reason == reason)
    #expect(error?.offset == offset)
    #expect(error?.description.contains("byte \(offset)") == true)
  }

  @Test(
    "text that is not UTF-8 is refused",
    arguments: [
      [0x80], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xc3], [0xc3, 0x28], [0xe0, 0x80, 0x80],
      [0xe0, 0x9f, 0xbf], [0xe2, 0x82], [0xe2, 0x28, 0xa1], [0xe2, 0x82, 0x28],
      [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xf0, 0x80, 0x80, 0x80], [0xf0, 0x8f, 0xbf, 0xbf],
      [0xf0, 0x9f, 0x98], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff],
    ] as [[UInt8]])
  func notUTF8(bytes: [UInt8]) {
    let text = [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
    let error = #expect(throws: JSONError.self) { try read(text) }
    #expect(error?.reason == .invalidUTF8)
    #expect(error?.offset == 1)
    #expect(throws: JSONError.self) { try read(Array(text.dropLast())) }
  }

  @Test(
    "an error says in which value it is",
    arguments: [
      ("[1,{\"a/b\":[tru]}]", "/1/a~1b/0"), ("[1,2 3]", ""), ("{\"a\":{\"b\":01}}", "/a/b"),
      ("{\"~\":[[],[],-]}", "/~0/2"), ("{\"a\":1,\"b\":{\"c\":1,\"c\":2}}", "/b/c"), ("?", ""),
    ])
  func place(text: String, pointer: String) {
    let error = #expect(throws: JSONError.self) { try read(Array(text.utf8)) }
    #expect(error?.pointer.text == pointer)
  }

  @Test("a key that occurs twice in an object is refused", arguments: [1, 2, 7, 8, 9, 40, 3_000])
  func duplicateKey(count: Int) throws {
    let members = (0..<count).map { "\"k\($0)\":0" }
    _ = try read(Array("{\(members.joined(separator: ","))}".utf8))
    for again in Set([0, count / 2, count - 1]) {
      let text = "{\((members + ["\"\\u006b\(again)\":1"]).joined(separator: ","))}"
      let error = #expect(throws: JSONError.self) { try read(Array(text.utf8)) }
      #expect(error?.reason == .duplicateKey)
      #expect(error?.pointer.text == "/k\(again)")
      #expect(error?.offset == text.utf8.count - "\"\\u006b\(again)\":1}".utf8.count)
    }
  }

  @Test("keys that differ only in normalisation are two keys")
  func normalisation() throws {
    let composed = "\u{e9}"
    let decomposed = "e\u{301}"
    #expect(composed == decomposed)
    let root = try read(Array("{\"\(composed)\":1,\"\(decomposed)\":2}".utf8)).root
    #expect(root[composed]?.number?.clampedCount == 1)
    #expect(root[decomposed]?.number?.clampedCount == 2)
    let pointers = try #require(root.members).map(\.value.pointer)
    #expect(Set(pointers).count == 2)
  }

  @Test(
    "a text that is cut short, wherever, is refused",
    arguments: [
      String(repeating: "[", count: 64) + String(repeating: "]", count: 64),
      "[[[[0,0,[[]]],[]],{\"a\":[{}],\"b\":[[0]]}],[1,2,[3,[4,[5]]]]]",
      "{\"a\":{\"b\":{\"\":{\"\":[0]}}}}", "[\"\\u00e9\\ud83d\\ude00\",1.5e-7,true,null]",
    ])
  func cutShort(text: String) throws {
    let bytes = Array(text.utf8)
    _ = try read(bytes)
    for end in bytes.indices {
      let part = Array(bytes[..<end])
      let error = #expect(throws: JSONError.self) { try read(part) }
      #expect(error.map { (0...end).contains($0.offset) } == true)
      // What comes instead of the rest may be a value of one byte as well.
      for byte in Array("[]{}0,\"".utf8) {
        _ = try? read(part + [byte])
      }
    }
  }

  /// Lists and numbers that follow each other at once are read in loops of their own.
  @Test("space between what is read changes no value, and of an error only the offset")
  func space() throws {
    var random = SeededGenerator(state: 7)
    let tokens = [
      "[", "[", "[", "]", "]", ",", ",", "0", "-1", "20", "1.5", "01", "{", "\"a\":", "}",
    ]
    let limits = JSONLimits(maxDepth: 4)
    var (read, refused) = (0, 0)
    for _ in 0..<20_000 {
      var text: [String] = []
      for _ in 0..<Int.random(in: 1...10, using: &random) {
        let token = tokens.randomElement(using: &random) ?? ""
        // Without space they would be one number.
        if text.last?.last?.isNumber == true, token.contains(where: { $0.isNumber }) { continue }
        text.append(token)
      }
      let dense = Result { () throws(JSONError) in
        try JSONParsingTests.parse(text, separator: "", limits)
      }
      let spaced = Result { () throws(JSONError) in
        try JSONParsingTests.parse(text, separator: " ", limits)
      }
      switch (dense, spaced) {
      case (.success(let one), .success(let other)):
        read += 1
        #expect(one.root == other.root)
        #expect(one.serialized() == other.serialized())
      case (.failure(let one), .failure(let other)):
        refused += 1
        #expect(one.reason == other.reason, "\(text)")
        #expect(one.pointer == other.pointer, "\(text)")
      default: Issue.record("read only once: \(text)")
      }
    }
    #expect(read > 200 && refused > 5_000)
  }

  private static func parse(
    _ tokens: [String], separator: String, _ limits: JSONLimits
  ) throws(JSONError) -> JSONDocument {
    try read(Array(tokens.joined(separator: separator).utf8), limits: limits)
  }

  @Test("nesting is bounded", arguments: ["[", "{\"a\":"])
  func depth(opening: String) throws {
    let closing = opening == "[" ? "]" : "}"
    func nested(_ depth: Int) -> [UInt8] {
      let inside = opening == "[" ? "" : "\"b\":0"
      let text =
        String(repeating: opening, count: depth - 1) + opening.prefix(1) + inside
        + String(repeating: closing, count: depth)
      return Array(text.utf8)
    }
    _ = try read(nested(64))
    let error = #expect(throws: JSONError.self) { try read(nested(65)) }
    #expect(error?.reason == .tooDeep(maxDepth: 64))
    #expect(error?.offset == opening.utf8.count * 64)
    _ = try read(nested(3), limits: JSONLimits(maxDepth: 3))
    _ = try read(nested(1_000), limits: JSONLimits(maxDepth: .max))
    #expect(throws: JSONError.self) {
      try read(nested(3), limits: JSONLimits(maxDepth: 2))
    }
    #expect(throws: JSONError.self) {
      try read(nested(1), limits: JSONLimits(maxDepth: -1))
    }
  }

  @Test("size is bounded")
  func size() throws {
    let text = Array("[1, 2]".utf8)
    _ = try read(text, limits: JSONLimits(maxBytes: 6))
    let error = #expect(throws: JSONError.self) {
      try read(text, limits: JSONLimits(maxBytes: 5))
    }
    #expect(error?.reason == .tooLarge(maxBytes: 5))
  }

  @Test("every reason has words of its own")
  func words() {
    let reasons: [JSONError.Reason] = [
      .tooLarge(maxBytes: 1), .tooDeep(maxDepth: 1), .unexpectedEnd, .unexpectedByte(1),
      .trailingBytes, .invalidNumber, .numberOutOfRange, .invalidUTF8, .controlCharacter,
      .invalidEscape, .loneSurrogate, .duplicateKey,
    ]
    #expect(Set(reasons.map(\.description)).count == reasons.count)
  }

  @Test("a value written out is read as the same value, and is written the same again")
  func roundTrip() throws {
    var generator = SeededGenerator(state: 7)
    for _ in 0..<400 {
      let document = try read(Array(generator.json().utf8))
      let written = document.serialized()
      let again = try read(written)
      #expect(again.root == document.root)
      #expect(again.root.hashValue == document.root.hashValue)
      #expect(again.serialized() == written)
    }
  }

  @Test("random and damaged texts are read or refused, and every error lies inside the text")
  func noise() throws {
    var generator = SeededGenerator(state: 11)
    let alphabet = Array("{}[]\",:0123456789.eE+-truefalsn\\u \u{e9}".utf8) + [0, 0x80, 0xed, 0xff]
    for round in 0..<4_000 {
      var bytes: [UInt8]
      if round % 2 == 0 {
        bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
          alphabet.randomElement(using: &generator) ?? 0
        }
      } else {
        bytes = Array(generator.json(depth: 2).utf8)
        for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
          let place = bytes.indices.randomElement(using: &generator) ?? 0
          switch Int.random(in: 0..<3, using: &generator) {
          case 0: bytes[place] = .random(in: .min ... .max, using: &generator)
          case 1: bytes.remove(at: place)
          default: bytes.insert(alphabet.randomElement(using: &generator) ?? 0, at: place)
          }
        }
      }
      do {
        let document = try read(bytes)
        #expect(try read(document.serialized()).root == document.root)
      } catch {
        #expect((0...bytes.count).contains(error.offset))
      }
    }
  }

  @Test("an object or array cut anywhere is refused")
  func truncation() {
    var generator = SeededGenerator(state: 13)
    for _ in 0..<50 {
      let bytes = Array("[\(generator.json(depth: 1))]".utf8)
      for length in 0..<bytes.count {
        #expect(throws: JSONError.self) { try read(Array(bytes[..<length])) }
      }
    }
  }
}

/// Parses a text, and sees that checking it says the same of it.
private func read(
  _ bytes: [UInt8], limits: JSONLimits = JSONLimits()
) throws(JSONError) -> JSONDocument {
  let document = Result { () throws(JSONError) in
    try JSONDocument(parsing: bytes, limits: limits)
  }
  let check = Result { () throws(JSONError) in try JSONDocument.check(bytes, limits: limits) }
  #expect(check.failure == document.failure, "\(String(decoding: bytes, as: UTF8.self))")
  return try document.get()
}

extension Result {
  fileprivate var failure: Failure? {
    if case .failure(let error) = self { error } else { nil }
  }
}
