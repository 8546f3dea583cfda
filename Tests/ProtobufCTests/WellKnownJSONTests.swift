import ProtobufC
import Testing

@Suite("JSON of well-known messages")
struct WellKnownJSONTests {
  private func json(_ message: some Message) -> String? { (try? message.jsonUTF8()).map(text) }

  private func timestamp(_ json: String) throws(MessageError) -> ProtoTimestamp {
    try ProtoTimestamp(jsonUTF8: Array("\"\(json)\"".utf8))
  }

  @Test(
    "times are RFC 3339 with 0, 3, 6 or 9 fraction digits",
    arguments: [
      (0, 0, "1970-01-01T00:00:00Z"), (-1, 0, "1969-12-31T23:59:59Z"),
      (1_769_846_400, 500_000_000, "2026-01-31T08:00:00.500Z"),
      (0, 1_000, "1970-01-01T00:00:00.000001Z"), (0, 1, "1970-01-01T00:00:00.000000001Z"),
      (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
      (253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
      (951_782_400, 0, "2000-02-29T00:00:00Z"), (-2_203_891_200, 0, "1900-03-01T00:00:00Z"),
      (4_107_542_400, 0, "2100-03-01T00:00:00Z"), (68_256_000, 0, "1972-03-01T00:00:00Z"),
    ] as [(Int64, Int32, String)])
  func times(seconds: Int64, nanos: Int32, text: String) throws {
    let message = ProtoTimestamp(seconds: seconds, nanos: nanos)
    #expect(json(message) == "\"\(text)\"")
    #expect(try timestamp(text) == message)
  }

  @Test("any moment survives", arguments: 0..<50 as Range<UInt64>)
  func anyTime(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    for _ in 0..<100 {
      let message = ProtoTimestamp(
        seconds: .random(in: -62_135_596_800...253_402_300_799, using: &random),
        nanos: .random(in: 0...999_999_999, using: &random))
      #expect(try ProtoTimestamp(jsonUTF8: message.jsonUTF8()) == message)
    }
  }

  @Test("offsets and fractions of any length are understood")
  func offsets() throws {
    #expect(try timestamp("1970-01-01T02:00:00+02:00").seconds == 0)
    #expect(try timestamp("1969-12-31T19:30:00-04:30").seconds == 0)
    #expect(try timestamp("1970-01-01T00:00:00.1Z").nanos == 100_000_000)
    #expect(try timestamp("1970-01-01T00:00:00.1234567Z").nanos == 123_456_700)
  }

  @Test(
    "other texts are no times",
    arguments: [
      "", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01 00:00:00Z", "1970-01-01t00:00:00z",
      "1970-13-01T00:00:00Z", "1970-00-01T00:00:00Z", "1970-02-29T00:00:00Z",
      "1900-02-29T00:00:00Z", "1970-04-31T00:00:00Z", "1970-01-00T00:00:00Z",
      "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "1970-01-01T00:00:60Z",
      "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00.0123456789Z", "0000-12-31T23:59:59Z",
      "10000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
      "1970-01-01T00:00:00+24:00", "1970-01-01T00:00:00+0100", "1970-01-01T00:00:00Zx",
      "1970-1-01T00:00:00Z", "-970-01-01T00:00:00Z", "1970-01-01T00:00:00+00:60",
      "1970-01-01T00:00", "1970-01-01T00:00:00+",
    ])
  func badTimes(text: String) {
    #expect(
      violation { () throws(MessageError) in try timestamp(text) }?.description
        .hasPrefix("must be a time") == true)
  }

  @Test("a time out of range cannot be written")
  func timesOutOfRange() {
    for message in [
      ProtoTimestamp(seconds: -62_135_596_801), ProtoTimestamp(seconds: 253_402_300_800),
      ProtoTimestamp(nanos: -1), ProtoTimestamp(nanos: 1_000_000_000),
    ] {
      #expect(
        violation { () throws(MessageError) in try message.jsonUTF8() }?.description
          == "is outside the years 1 to 9999")
    }
  }

  @Test(
    "spans are decimal seconds",
    arguments: [
      (0, 0, "0s"), (1, 500_000_000, "1.500s"), (-1, -500_000_000, "-1.500s"),
      (0, -1_000, "-0.000001s"), (0, 1, "0.000000001s"), (-3, 0, "-3s"),
      (315_576_000_000, 999_999_999, "315576000000.999999999s"),
    ] as [(Int64, Int32, String)])
  func spans(seconds: Int64, nanos: Int32, text: String) throws {
    let message = ProtoDuration(seconds: seconds, nanos: nanos)
    #expect(json(message) == "\"\(text)\"")
    #expect(try ProtoDuration(jsonUTF8: Array("\"\(text)\"".utf8)) == message)
  }

  @Test(
    "other texts are no spans",
    arguments: [
      "", "s", "1", "1S", "1.s", ".5s", "+1s", "--1s", "1e3s", "1.0123456789s", "315576000001s",
      "9999999999999s", "1s ", "- 1s",
    ])
  func badSpans(text: String) {
    #expect(
      violation { () throws(MessageError) in try ProtoDuration(jsonUTF8: Array("\"\(text)\"".utf8))
      }?
      .description.hasPrefix("must be decimal seconds") == true)
  }

  @Test("a span out of range or of two signs cannot be written")
  func spansOutOfRange() {
    for message in [
      ProtoDuration(seconds: 1, nanos: -1), ProtoDuration(seconds: -1, nanos: 1),
      ProtoDuration(seconds: 315_576_000_001), ProtoDuration(nanos: .min),
    ] {
      #expect(violation { () throws(MessageError) in try message.jsonUTF8() } != nil)
    }
  }

  @Test("field masks are camel case outside and snake case inside")
  func masks() throws {
    let mask = ProtoFieldMask(paths: ["key_name", "is_active", "a.b_c"])
    #expect(json(mask) == "\"keyName,isActive,a.bC\"")
    #expect(try ProtoFieldMask(jsonUTF8: mask.jsonUTF8()) == mask)
    #expect(json(ProtoFieldMask()) == "\"\"")
    #expect(try ProtoFieldMask(jsonUTF8: Array("\"\"".utf8)) == ProtoFieldMask())
    for bad in ["key_name", ",", "a,", "a..b", ".a", "a.", "Key", "a b", "a-b"] {
      #expect(
        violation { () throws(MessageError) in
          try ProtoFieldMask(jsonUTF8: Array("\"\(bad)\"".utf8))
        } != nil, "\(bad)")
    }
    for bad in ["keyName", "key_", "key__name", "key_1", "", "a b"] {
      #expect(
        violation { () throws(MessageError) in try ProtoFieldMask(paths: ["ok", bad]).jsonUTF8() }?
          .field == "paths[1]", "\(bad)")
    }
  }

  @Test("an Any names its message and lays it open")
  func any() throws {
    let mask = ProtoFieldMask(paths: ["a_b"])
    let plain = ProtoAny(
      typeUrl: "type.googleapis.com/google.rpc.ErrorInfo", value: field(1, Array("R".utf8)))
    #expect(
      json(plain) == #"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"R"}"#)
    let special = try ProtoAny(packing: mask)
    #expect(
      json(special)
        == #"{"@type":"type.googleapis.com/google.protobuf.FieldMask","value":"aB"}"#)
    let nested = try ProtoAny(packing: special)
    let empty = try ProtoAny(packing: ProtoEmpty())
    #expect(json(empty) == #"{"@type":"type.googleapis.com/google.protobuf.Empty"}"#)
    for message in [plain, special, nested, empty, ProtoAny()] {
      #expect(try ProtoAny(jsonUTF8: message.jsonUTF8()) == message)
      #expect(try ProtoAny(jsonUTF8: message.jsonUTF8(JSONOptions(isPretty: true))) == message)
    }
    let late = #"{"reason":"R","domain":"d","@type":"x/google.rpc.ErrorInfo"}"#
    #expect(
      json(try ProtoAny(jsonUTF8: Array(late.utf8)))
        == #"{"@type":"x/google.rpc.ErrorInfo","reason":"R","domain":"d"}"#)
    #expect(
      try ProtoAny(
        jsonUTF8: Array(
          #"{"@type":"x/google.protobuf.Timestamp","value":"1970-01-01T00:00:00Z"}"#.utf8)
      ).value == [])
  }

  @Test(
    "an Any that cannot be resolved is refused",
    arguments: [
      (#"{"@type":"x/no.Such"}"#, "@type"), (#"{"@type":"google.rpc.ErrorInfo"}"#, "@type"),
      (#"{"reason":"R"}"#, "@type"), (#"{"@type":1}"#, ""), (#"[]"#, ""),
      (#"{"@type":"x/google.rpc.ErrorInfo","@type":"x/google.rpc.ErrorInfo"}"#, "@type"),
      (#"{"@type":"x/google.rpc.ErrorInfo","nope":{"a":[1,true,null,"x"]}}"#, "nope"),
      (#"{"@type":"x/google.rpc.ErrorInfo","reason":1}"#, "reason"),
      (#"{"@type":"x/google.protobuf.Duration"}"#, "value"),
      (#"{"@type":"x/google.protobuf.Duration","[value":"1s"}"#, #""[value""#),
      (#"{"@type":"x/google.protobuf.Duration","":"1s"}"#, #""""#),
      (#"{"@type":"x/google.rpc.ErrorInfo","a.b":1}"#, #""a.b""#),
      (#"{"@type":"x/google.rpc.ErrorInfo","\"\\é":1}"#, #""\"\\é""#),
      (#"{"@type":"x/google.protobuf.Duration","value":"1"}"#, "value"),
      (#"{"@type":"x/google.protobuf.Duration","value":"1s","value":"1s"}"#, "value"),
      (#"{"@type":"x/google.protobuf.Duration","nope":"1s"}"#, "nope"),
    ])
  func badAny(json: String, field: String) {
    #expect(
      violation { () throws(MessageError) in try ProtoAny(jsonUTF8: Array(json.utf8)) }?.field
        == field)
  }

  @Test("an Any of an unknown type or of broken bytes cannot be written")
  func unprintableAny() throws {
    let unknown = ProtoAny(typeUrl: "x/no.Such", value: [])
    #expect(violation { () throws(MessageError) in try unknown.jsonUTF8() }?.field == "type_url")
    let broken = ProtoAny(typeUrl: "x/google.rpc.ErrorInfo", value: [0x0A])
    #expect(violation { () throws(MessageError) in try broken.jsonUTF8() }?.field == "value.reason")
    var deep = try ProtoAny(packing: ProtoEmpty())
    for _ in 0..<100 { deep = try ProtoAny(packing: deep) }
    let refused = violation { () throws(MessageError) in try deep.jsonUTF8() }
    #expect(refused?.description.contains("nested deeper") == true)
    let json =
      String(repeating: #"{"@type":"x/google.protobuf.Any","value":"#, count: 30) + "{}"
      + String(repeating: "}", count: 30)
    #expect(
      violation { () throws(MessageError) in try ProtoAny(jsonUTF8: Array(json.utf8)) }?.description
        .contains("nested deeper") == true)
  }

  @Test("errors inside elements and messages carry their path")
  func printedPaths() throws {
    let descriptor = MessageDescriptor.google_rpc_Status
    let details = field(3, field(1, Array("x/google.protobuf.Empty".utf8)))
    let bad = field(3, field(1, Array("x/no.Such".utf8)))
    let bytes = details + bad
    #expect(
      violation { () throws(MessageError) in try descriptor.jsonUTF8(serialized: bytes) }?.field
        == "details[1].type_url")
  }
}
