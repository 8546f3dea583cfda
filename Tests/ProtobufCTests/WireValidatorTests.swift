import ProtobufC
import Testing

@Suite("Wire validator")
struct WireValidatorTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: String
    var field = ""
    let says: String
    var testDescription: String { name }
  }

  static let refusals: [Case] = [
    Case(name: "tag cut short", bytes: "80", says: "is cut short"),
    Case(name: "field number 0", bytes: "00 01", says: "field number"),
    Case(name: "field number 0, overlong", bytes: "80 00 01", says: "field number"),
    Case(name: "tag of 33 bits", bytes: "f8 ff ff ff 1f 01", says: "field number"),
    Case(name: "tag of six bytes", bytes: "88 80 80 80 80 00 01", says: "field number"),
    Case(name: "start of a group", bytes: "9b 06", says: "group"),
    Case(name: "end of a group", bytes: "9c 06", says: "group"),
    Case(name: "wire type 6", bytes: "9e 06", says: "group"),
    Case(name: "varint cut short", bytes: "08 80", field: "a_int32", says: "is cut short"),
    Case(
      name: "varint of 11 bytes", bytes: "20 80 80 80 80 80 80 80 80 80 80 01", field: "a_int64",
      says: "more than 64 bits"),
    Case(
      name: "varint of 65 bits", bytes: "20 ff ff ff ff ff ff ff ff ff 02", field: "a_int64",
      says: "more than 64 bits"),
    Case(name: "fixed32 cut short", bytes: "1d 01 02 03", field: "a_sfixed32", says: "cut short"),
    Case(name: "fixed64 cut short", bytes: "31 01 02 03", field: "a_sfixed64", says: "cut short"),
    Case(name: "length cut short", bytes: "72 80", field: "a_string", says: "cut short"),
    Case(name: "length past the end", bytes: "72 03 61 62", field: "a_string", says: "cut short"),
    Case(
      name: "length of six bytes", bytes: "72 81 80 80 80 80 00 61", field: "a_string",
      says: "cut short"),
    Case(name: "string as varint", bytes: "70 01", field: "a_string", says: "another type"),
    Case(name: "int32 as fixed32", bytes: "0d 01 00 00 00", field: "a_int32", says: "another type"),
    Case(
      name: "int32 as fixed64", bytes: "09 01 00 00 00 00 00 00 00", field: "a_int32",
      says: "another type"),
    Case(name: "bool as fixed32", bytes: "6d 01 00 00 00", field: "a_bool", says: "another type"),
    Case(name: "bool with a length", bytes: "6a 01 01", field: "a_bool", says: "another type"),
    Case(name: "message as varint", bytes: "88 01 01", field: "leaf", says: "another type"),
    Case(name: "NUL in a string", bytes: "72 03 61 00 62", field: "a_string", says: "NUL"),
    Case(name: "string not UTF-8", bytes: "72 02 ff fe", field: "a_string", says: "UTF-8"),
    Case(name: "message twice", bytes: "8a 01 00 8a 01 00", field: "leaf", says: "occurs twice"),
    Case(
      name: "two members of a oneof", bytes: "a2 06 01 61 a8 06 01", field: "choice_number",
      says: "oneof"),
    Case(
      name: "one member of a oneof twice", bytes: "a8 06 01 a8 06 01", field: "choice_number",
      says: "oneof"),
    Case(
      name: "third element", bytes: "8a 02 01 61 8a 02 01 62 8a 02 01 ff", field: "many_string[2]",
      says: "UTF-8"),
    Case(
      name: "inside an element", bytes: "aa 02 00 aa 02 03 0a 01 00", field: "leaves[1].text",
      says: "NUL"),
    Case(
      name: "inside messages", bytes: "92 01 07 92 01 04 8a 01 01 0a",
      field: "inner_sink.inner_sink.leaf.text", says: "cut short"),
    Case(
      name: "packed varint cut short", bytes: "a2 01 03 01 02 80", field: "many_int32[2]",
      says: "cut short"),
    Case(
      name: "packed fixed32 cut short", bytes: "b2 01 05 01 00 00 00 01",
      field: "many_sfixed32[1]", says: "cut short"),
    Case(
      name: "packed length past the end", bytes: "a2 01 05 01", field: "many_int32[0]",
      says: "cut short"),
    Case(name: "unknown varint cut short", bytes: "98 06 80", says: "cut short"),
    Case(name: "unknown fixed32 cut short", bytes: "9d 06 80", says: "cut short"),
    Case(name: "unknown fixed64 cut short", bytes: "99 06 80", says: "cut short"),
    Case(name: "unknown length past the end", bytes: "9a 06 80", says: "cut short"),
    Case(
      name: "unknown varint of 11 bytes", bytes: "98 06 80 80 80 80 80 80 80 80 80 80 01",
      says: "64 bits"),
  ]

  @Test("hostile bytes are refused with the path of the field", arguments: refusals)
  func refusal(_ refusal: Case) throws {
    let bytes = hex(refusal.bytes)
    let found = try #require(violation { () throws(MessageError) in try Sink(serialized: bytes) })
    #expect(found.field == refusal.field)
    #expect(found.description.contains(refusal.says), "\(found.description)")
  }

  @Test(
    "unusual but good bytes are accepted",
    arguments: [
      "", "88 00 05", "a0 01 05 a0 01 06", "a2 01 00", "a2 01 02 05 06 a0 01 07", "08 05 08 06",
      "72 01 61 72 01 62", "08 ff ff ff ff ff ff ff ff ff 01", "98 06 01 9d 06 00 00 00 00",
      "f8 ff ff ff 0f 01", "7a 81 00 61",
    ])
  func acceptance(_ bytes: String) throws {
    _ = try Sink(serialized: hex(bytes))
  }

  @Test("the last of several scalars counts, packed and unpacked elements join")
  func merging() throws {
    #expect(try Sink(serialized: hex("08 05 08 06")).int32 == 6)
    #expect(try Sink(serialized: hex("72 01 61 72 01 62")).string == "b")
    #expect(try Sink(serialized: hex("a2 01 02 05 06 a0 01 07")).int32s == [5, 6, 7])
    #expect(try Sink(serialized: hex("08 ff ff ff ff ff ff ff ff ff 01")).int32 == -1)
    #expect(try Sink(serialized: hex("f8 ff ff ff 0f 01")).choice == .flag(true))
  }

  @Test("an unknown enum value is kept, or refused where limits say so")
  func enums() throws {
    let single = hex("80 01 05")
    #expect(try Sink(serialized: single).shade == .unrecognized(5))
    let limits = DecodingLimits.request
    let refused = violation { () throws(MessageError) in
      try Sink(serialized: single.span, limits: limits)
    }
    #expect(
      refused == FieldViolation(field: "shade", description: "is not a value of its enumeration"))
    let packed = hex("a2 02 03 01 bc 05")
    #expect(try Sink(serialized: packed).shades == [.red, .blue])
    #expect(try Sink(serialized: packed.span, limits: limits).shades == [.red, .blue])
    let negative = hex("80 01 fd ff ff ff ff ff ff ff ff 01")
    #expect(try Sink(serialized: negative.span, limits: limits).shade == .deep)
    let second = hex("a2 02 02 01 05")
    #expect(
      violation { () throws(MessageError) in try Sink(serialized: second.span, limits: limits) }?
        .field == "shades[1]")
    let short = hex("80 01 80")
    #expect(
      violation { () throws(MessageError) in try Sink(serialized: short.span, limits: limits) }?
        .description == "is cut short")
  }

  @Test("each limit refuses one more than it allows")
  func limits() throws {
    func refusal(_ bytes: [UInt8], _ change: (inout DecodingLimits) -> Void) -> FieldViolation? {
      var limits = DecodingLimits()
      change(&limits)
      return violation { () throws(MessageError) in try Sink(serialized: bytes.span, limits: limits)
      }
    }
    let three = hex("8a 02 01 61 8a 02 01 62 8a 02 01 63")
    #expect(refusal(three) { $0.maxElements = 3 } == nil)
    #expect(
      refusal(three) { $0.maxElements = 2 }
        == FieldViolation(field: "many_string[2]", description: "has more than 2 elements"))
    let packed = hex("a2 01 03 01 02 03")
    #expect(refusal(packed) { $0.maxElements = 3 } == nil)
    #expect(refusal(packed) { $0.maxElements = 2 }?.field == "many_int32[2]")
    #expect(refusal(packed) { $0.maxFields = 4 } == nil)
    #expect(
      refusal(packed) { $0.maxFields = 3 }
        == FieldViolation(
          field: "many_int32[2]", description: "is in a message of more than 3 fields"))
    #expect(refusal(three) { $0.maxFields = 2 }?.description.contains("2 fields") == true)
    #expect(refusal(three) { $0.maxTextBytes = 1 } == nil)
    #expect(
      refusal(three) { $0.maxTextBytes = 0 }
        == FieldViolation(field: "many_string[0]", description: "is longer than 0 bytes"))
    #expect(refusal(three) { $0.maxTextBytesInAll = 3 } == nil)
    #expect(
      refusal(three) { $0.maxTextBytesInAll = 2 }
        == FieldViolation(
          field: "many_string[2]", description: "is in a message with more than 2 bytes of text"))
    let unknown = hex("98 06 01 98 06 01")
    #expect(refusal(unknown) { $0.maxUnknownFields = 2 } == nil)
    #expect(
      refusal(unknown) { $0.maxUnknownFields = 1 }?.description
        == "holds more than 1 unknown fields")
    let nested = hex("92 01 03 92 01 00")
    #expect(refusal(nested) { $0.maxDepth = 3 } == nil)
    #expect(
      refusal(nested) { $0.maxDepth = 2 }
        == FieldViolation(
          field: "inner_sink.inner_sink", description: "is nested deeper than 2 messages"))
    #expect(refusal(three) { $0.maxBytes = 12 } == nil)
    #expect(
      refusal(three) { $0.maxBytes = 11 }?.description == "has 12 bytes, at most 11 are allowed")
  }

  @Test(
    "text is accepted exactly when it is UTF-8 without NUL", arguments: 0..<400 as Range<UInt64>)
  func utf8(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    for _ in 0..<50 {
      // Bytes that make sequences likely, at every distance from the end.
      var bytes: [UInt8] = Array(repeating: 0x61, count: .random(in: 0..<20, using: &random))
      for _ in 0..<Int.random(in: 0..<5, using: &random) {
        bytes.append(
          [
            0x00, 0x61, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE2,
            0xED,
            0xEE, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF,
          ].randomElement(using: &random) ?? 0)
      }
      bytes += Array(random.text().utf8.prefix(.random(in: 0..<12, using: &random)))
      let expected = String(validating: bytes, as: UTF8.self).flatMap {
        $0.utf8.contains(0) ? nil : $0
      }
      let message = field(1, bytes)
      let found = try? Leaf(serialized: message)
      #expect(found?.text == expected, "\(bytes)")
    }
  }

  @Test("an error reads as a sentence")
  func summary() throws {
    let nested = #expect(throws: MessageError.self) {
      try Sink(serialized: hex("aa 02 03 0a 01 00"))
    }
    #expect(nested?.description == "leaves[0].text must not hold a NUL character")
    let whole = #expect(throws: MessageError.self) { try Sink(serialized: hex("80")) }
    #expect(whole?.summary == "the message is cut short")
  }
}
