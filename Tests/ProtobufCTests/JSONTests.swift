import ProtobufC
import Testing

@Suite("Proto3 JSON")
struct JSONTests {
  private func sink(_ json: String) throws(MessageError) -> Sink {
    try Sink(jsonUTF8: Array(json.utf8))
  }

  @Test("a message of every field type survives JSON", arguments: 0..<100 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let value = Sink.random(&random)
    for options in [
      JSONOptions(), JSONOptions(isPretty: true), JSONOptions(includesDefaults: true),
      JSONOptions(isPretty: true, includesDefaults: true, usesProtoNames: true),
    ] {
      let json = try value.jsonUTF8(options)
      #expect(try Sink(jsonUTF8: json) == value, "\(text(json))")
    }
  }

  @Test("each type is written in its canonical form")
  func canonical() throws {
    var value = Sink()
    value.int32 = -1
    value.int64 = .min
    value.uint64 = .max
    value.float = 1.5
    value.double = 5
    value.bool = true
    value.string = "a\"\\\n\r\t\u{8}\u{1F}/€😀"
    value.bytes = [0xFB, 0xFF, 1, 2]
    value.shade = .deep
    value.leaf = Leaf()
    value.bools = [true, false]
    value.doubles = [.nan, .infinity, -.infinity, 1e300, -0.25]
    value.shades = [.red, .unrecognized(9)]
    value.choice = .text("")
    #expect(
      text(try value.jsonUTF8())
        == #"{"aInt32":-1,"aInt64":"-9223372036854775808","aUint64":"18446744073709551615","#
        + #""aFloat":1.5,"aDouble":5,"aBool":true,"#
        + #""aString":"a\"\\\n\r\t\u0008\u001f/€😀","aBytes":"+/8BAg==","shade":"COLOUR_DEEP","#
        + #""leaf":{},"manyDouble":["NaN","Infinity","-Infinity",1e+300,-0.25],"#
        + #""manyBool":[true,false],"shades":["COLOUR_RED",9],"choiceText":""}"#)
  }

  @Test("options choose the layout")
  func options() throws {
    var value = Sink()
    value.leaf = Leaf(text: "x", count: 0)
    value.int32s = [1, 2]
    #expect(
      text(try value.jsonUTF8(JSONOptions(isPretty: true, usesProtoNames: true))) == """
        {
          "leaf": {
            "text": "x"
          },
          "many_int32": [
            1,
            2
          ]
        }
        """)
    #expect(
      text(try Leaf().jsonUTF8(JSONOptions(includesDefaults: true))) == #"{"text":"","count":0}"#)
    #expect(text(try Leaf().jsonUTF8(JSONOptions(isPretty: true))) == "{}")
    let all = text(try Sink().jsonUTF8(JSONOptions(includesDefaults: true)))
    #expect(all.contains(#""manyString":[]"#))
    #expect(all.contains(#""aBytes":"""#))
    #expect(all.contains(#""shade":"COLOUR_UNSPECIFIED""#))
    #expect(!all.contains("choice"))
    #expect(!all.contains("leaf\""))
  }

  @Test(
    "numbers are read exactly, however they are written",
    arguments: [
      ("0", 0), ("-0", 0), ("7", 7), ("-7", -7), ("\"7\"", 7), ("1e3", 1_000), ("1E+3", 1_000),
      ("10e-1", 1), ("1.0", 1), ("1.50e1", 15), ("0.05e2", 5), ("0e99999999999", 0),
      ("9223372036854775807", .max), ("-9223372036854775808", .min),
      ("\"-9223372036854775808\"", .min), ("92233720368547758.07e2", .max),
      ("1000000000000000000", 1_000_000_000_000_000_000),
    ] as [(String, Int64)])
  func integers(json: String, value: Int64) throws {
    #expect(try sink("{\"aInt64\":\(json)}").int64 == value)
  }

  @Test(
    "what is not an integer of the field's size is refused",
    arguments: [
      "aInt32\":2147483648", "aInt32\":-2147483649", "aInt32\":0.5", "aInt32\":1e-1",
      "aInt32\":1e10", "aInt32\":\"\"", "aInt32\":\" 1\"", "aInt32\":\"1 \"", "aInt32\":\"0x1\"",
      "aInt32\":\"+1\"", "aInt32\":true", "aInt32\":{}", "aUint32\":-1", "aUint32\":4294967296",
      "aInt64\":9223372036854775808", "aInt64\":-9223372036854775809",
      "aUint64\":18446744073709551616", "aUint64\":1e20", "aUint64\":100000000000000000000",
      "aUint64\":-1", "aInt64\":1e99999999999999999999", "aInt64\":-92233720368547758080",
      "aInt64\":1000000000000000000000000000001",
    ])
  func badIntegers(json: String) throws {
    let found = try #require(violation { () throws(MessageError) in try sink("{\"\(json)}") })
    #expect(found.field.hasPrefix("a_"))
    #expect(found.description.hasPrefix("must be"))
  }

  @Test("floating point numbers, their names and their range")
  func floats() throws {
    #expect(try sink(#"{"aDouble":1.5e-3}"#).double == 0.0015)
    #expect(try sink(#"{"aDouble":"1.5"}"#).double == 1.5)
    #expect(try sink(#"{"aDouble":"NaN"}"#).double.isNaN)
    #expect(try sink(#"{"aFloat":"Infinity"}"#).float == .infinity)
    #expect(try sink(#"{"aFloat":"-Infinity"}"#).float == -.infinity)
    #expect(try sink(#"{"aFloat":3.4028235e38}"#).float == .greatestFiniteMagnitude)
    for bad in ["1e400", "-1e400", "\"\"", "\"nan\"", "\"0x1p3\"", "\"inf\"", "null1", "[]"] {
      #expect(
        violation { () throws(MessageError) in try sink("{\"aDouble\":\(bad)}") } != nil, "\(bad)")
    }
    #expect(
      violation { () throws(MessageError) in try sink(#"{"aFloat":1e39}"#) }
        == FieldViolation(field: "a_float", description: "must be a number in the range of Float"))
  }

  @Test("names are taken in both spellings, null is the default, enum values by name or number")
  func leniency() throws {
    #expect(try sink(#"{"many_string":["a"],"aBool":null,"leaf":null}"#).strings == ["a"])
    #expect(try sink(#"{"manyString":null}"#) == Sink())
    #expect(try sink(#"{"shade":"COLOUR_BLUE"}"#).shade == .blue)
    #expect(try sink(#"{"shade":-3}"#).shade == .deep)
    #expect(try sink(#"{"shade":12}"#).shade == .unrecognized(12))
    #expect(try sink(#"{"choiceFlag":false}"#).choice == .flag(false))
    #expect(try sink(#"{"choiceText":""}"#).choice == .text(""))
    #expect(try sink(#"{"choiceText":null,"choiceNumber":"5"}"#).choice == .number(5))
    #expect(try sink(" \t\r\n{ \"aInt32\" : 1 , \"aBool\" : true } ").int32 == 1)
    #expect(try sink(#"{"\u0061Int32":1}"#).int32 == 1)
  }

  @Test("bytes in either base64 alphabet, with or without padding")
  func base64() throws {
    for json in ["+/8BAg==", "-_8BAg==", "+/8BAg", "-_8BAg"] {
      #expect(try sink("{\"aBytes\":\"\(json)\"}").bytes == [0xFB, 0xFF, 1, 2])
    }
    #expect(try sink(#"{"aBytes":""}"#).bytes == [])
    for bad in ["A", "AA=", "AAA==", "A===", "====", "A A=", "AB==", "AAB=", "A%AA", "AA==AA=="] {
      #expect(
        violation { () throws(MessageError) in try sink("{\"aBytes\":\"\(bad)\"}") }
          == FieldViolation(field: "a_bytes", description: "is not valid base64"), "\(bad)")
    }
    for length in 0..<20 {
      var value = Sink()
      value.bytes = Array(0..<UInt8(length))
      #expect(try Sink(jsonUTF8: value.jsonUTF8()) == value)
    }
  }

  @Test("strings with escapes, surrogate pairs and nothing else")
  func strings() throws {
    #expect(
      try sink(#"{"aString":"\"\\\/\b\f\n\r\t\u00e4\u20AC\ud83d\uDE00"}"#).string
        == "\"\\/\u{8}\u{c}\n\r\tä€😀")
    for bad in [
      #"\ud83d"#, #"\ud83dx"#, #"\ud83d\n"#, #"\ud83d\u0041"#, #"\ude00"#, #"\u00"#, #"\u00g0"#,
      #"\x"#, #"\u0000"#, "\u{1}", "\n", #"\ud83d\u00"#,
    ] {
      #expect(
        violation { () throws(MessageError) in try sink("{\"aString\":\"\(bad)\"}") } != nil,
        "\(bad)")
    }
    let notUTF8 = Array(#"{"aString":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
    #expect(violation { () throws(MessageError) in try Sink(jsonUTF8: notUTF8) } != nil)
    let nul = Array(#"{"aString":""#.utf8) + [0] + Array(#""}"#.utf8)
    #expect(violation { () throws(MessageError) in try Sink(jsonUTF8: nul) } != nil)
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    let json: String
    let field: String
    let says: String
    var testDescription: String { json }
  }

  @Test(
    "wrong members are named by their path",
    arguments: [
      Refusal(json: #"{"nope":1}"#, field: "nope", says: "not a field of test.Sink"),
      Refusal(json: #"{"leaf":{"nope":1}}"#, field: "leaf.nope", says: "not a field of test.Leaf"),
      Refusal(
        json: #"{"leaves":[{},{"text":1}]}"#, field: "leaves[1].text", says: "must be a JSON string"
      ),
      Refusal(json: #"{"aInt32":1,"aInt32":1}"#, field: "a_int32", says: "occurs twice"),
      Refusal(json: #"{"aInt32":1,"a_int32":1}"#, field: "a_int32", says: "occurs twice"),
      Refusal(json: #"{"aInt32":null,"aInt32":1}"#, field: "a_int32", says: "occurs twice"),
      Refusal(
        json: #"{"choiceText":"a","choiceNumber":1}"#, field: "choice_number", says: "oneof"),
      Refusal(json: #"{"manyString":["a",null]}"#, field: "many_string[1]", says: "JSON string"),
      Refusal(json: #"{"manyString":"a"}"#, field: "many_string", says: "JSON array"),
      Refusal(json: #"{"shade":"PINK"}"#, field: "shade", says: "name of a test.Colour"),
      Refusal(json: #"{"shade":true}"#, field: "shade", says: "name or the number"),
      Refusal(json: #"{"shade":1.5}"#, field: "shade", says: "integer"),
      Refusal(json: #"{"aBool":1}"#, field: "a_bool", says: "true or false"),
      Refusal(json: #"{"leaf":[]}"#, field: "leaf", says: "expected '{'"),
      Refusal(json: #"{"aInt3":1}"#, field: "aInt3", says: "not a field"),
      Refusal(json: #"{"aInt32x":1}"#, field: "aInt32x", says: "not a field"),
      Refusal(json: #"{"":1}"#, field: #""""#, says: "not a field of test.Sink"),
      Refusal(json: #"{"leaf":{"":1}}"#, field: #"leaf."""#, says: "not a field of test.Leaf"),
    ])
  func paths(_ refusal: Refusal) throws {
    let found = try #require(violation { () throws(MessageError) in try sink(refusal.json) })
    #expect(found.field == refusal.field)
    #expect(found.description.contains(refusal.says), "\(found.description)")
  }

  @Test(
    "what is not JSON is refused",
    arguments: [
      "", " ", "nul", "{", "}", "{]", "{\"aInt32\"}", "{\"aInt32\":}", "{\"aInt32\":1,}",
      "{,}", "{\"aInt32\":1 \"aBool\":true}", "{aInt32:1}", "{'aInt32':1}", "{} {}", "{}x",
      "{\"aInt32\":01}", "{\"aInt32\":+1}", "{\"aInt32\":.5}", "{\"aInt32\":1.}",
      "{\"aInt32\":1e}", "{\"aInt32\":-}", "{\"manyInt32\":[1,]}", "{\"manyInt32\":[1 2]}",
      "{\"manyInt32\":[", "{\"aString\":\"", "{\"aString\":\"\\", "{\"aString\":\"a",
      "{\"aBool\":tru}", "{/**/}", "\u{FEFF}{}", "[]", "\"\"", "1", "{\"aInt32\":1}\0",
      "{\"aInt32\":\u{A0}1}", "{\"a\u{0}\":1}",
    ])
  func syntax(json: String) {
    #expect(violation { () throws(MessageError) in try sink(json) } != nil)
  }

  @Test("depth, length, elements and fields are bounded")
  func bounds() throws {
    let deep =
      String(repeating: #"{"innerSink":"#, count: 20) + "{}" + String(repeating: "}", count: 20)
    #expect(
      violation { () throws(MessageError) in try sink(deep) }?.description
        == "is nested deeper than 16 messages")
    func refusal(_ json: String, _ change: (inout DecodingLimits) -> Void) -> String? {
      var limits = DecodingLimits()
      change(&limits)
      let bytes = Array(json.utf8)
      return violation { () throws(MessageError) in try Sink(jsonUTF8: bytes.span, limits: limits) }
        .map { "\($0.field) \($0.description)" }
    }
    #expect(refusal("{}") { $0.maxBytes = 1 } == " has 2 bytes, at most 1 are allowed")
    #expect(
      refusal(#"{"manyInt32":[1,2,3]}"#) { $0.maxElements = 2 }
        == "many_int32[2] has more than 2 elements")
    #expect(
      refusal(#"{"manyInt32":[1,2,3]}"#) { $0.maxFields = 2 }
        == "many_int32[2] is in a message of more than 2 fields")
    #expect(refusal("{}") { $0.maxAllocations = 0 }?.contains("memory") == true)
    let nested = String(repeating: "[", count: 100)
    #expect(
      violation { () throws(MessageError) in
        try ProtoAny(jsonUTF8: Array(#"{"x":\#(nested)"#.utf8))
      }?.description.contains("nested deeper than 64") == true)
  }

  @Test("damaged JSON never does harm", arguments: 0..<40 as Range<UInt64>)
  func damage(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let good = try Sink.random(&random).jsonUTF8()
    for _ in 0..<50 {
      var bytes = good
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[place] = .random(in: 0...255, using: &random)
      case 1: bytes.remove(at: place)
      case 2:
        bytes.insert(
          Array("\"{}[],:\\019eE-+.ntf".utf8).randomElement(using: &random) ?? 0, at: place)
      default: bytes.removeLast(place)
      }
      ThreadArena.isolatingPieces {
        if let value = try? Sink(jsonUTF8: bytes) {
          let again = try? Sink(jsonUTF8: value.jsonUTF8())
          #expect(again == value, "\(text(bytes))")
        }
      }
    }
  }

  @Test("a type known only at run time is read and written by its descriptor")
  func dynamic() throws {
    let descriptor = MessageDescriptor.integration_v1_CreateApiKeyRequest
    let json =
      #"{"tenantId":"t","keyName":"käse \" \n","environment":"ENVIRONMENT_STAGING","#
      + #""allowedEndpoints":["a","b"],"rateLimitPerMinute":60,"#
      + #""expiresAt":"2026-01-31T08:00:00.500Z","withApiSecret":true}"#
    let bytes = try descriptor.serialize(jsonUTF8: Array(json.utf8))
    #expect(text(try descriptor.jsonUTF8(serialized: bytes)) == json)
    #expect(try descriptor.serialize(jsonUTF8: Array("{}".utf8)) == [])
    #expect(
      text(try descriptor.jsonUTF8(serialized: bytes, JSONOptions(usesProtoNames: true)))
        .contains("\"tenant_id\":\"t\""))
    #expect(
      violation { () throws(MessageError) in try descriptor.jsonUTF8(serialized: hex("0a 01 00")) }?
        .field == "tenant_id")
  }
}
