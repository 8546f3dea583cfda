import ProtobufC
import Testing

@Suite("Reading in place")
struct MessageViewTests {
  /// ttrpc.Request as a client sends it.
  private let request =
    field(1, Array("integration.v1.ApiKeyService".utf8)) + field(2, Array("VerifyApiKey".utf8))
    + field(3, hex("08 2a 10 07")) + hex("20 80 94 eb dc 03")
    + field(5, field(1, Array("a".utf8)) + field(2, Array("1".utf8)))
    + field(5, field(1, Array("b".utf8)))

  @Test("the fields of an envelope are lent where they lie")
  func envelope() throws {
    let read = try MessageView.read(request.span, as: .ttrpc_Request, limits: .request) {
      view throws(MessageError) in
      let occurs = view.has(0) && view.has(2) && view.has(3)
      #expect(occurs)
      let method = view.string(1)
      #expect(method == "VerifyApiKey")
      let timeout = view.int64(3)
      #expect(timeout == 1_000_000_000)
      let service = view.withBytes(0) { bytes in
        (0..<bytes.count).map { bytes[$0] }
      }
      #expect(text(service) == "integration.v1.ApiKeyService")
      var metadata: [String] = []
      try view.forEachMessage(4) { entry in
        metadata.append(entry.string(0) + "=" + entry.string(1))
      }
      #expect(metadata == ["a=1", "b="])
      return try view.withBytes(2) { bytes throws(MessageError) in
        try ProtoTimestamp(serialized: bytes, limits: .request)
      }
    }
    #expect(read == ProtoTimestamp(seconds: 42, nanos: 7))
  }

  @Test("fields that do not occur are empty")
  func absent() throws {
    try MessageView.read([UInt8]().span, as: .ttrpc_Request, limits: .request) {
      view throws(MessageError) in
      let found = (view.has(0), view.string(0), view.withBytes(2) { $0.count }, view.uint64(3))
      #expect(found == (false, "", 0, 0))
      try view.forEachMessage(4) { _ in Issue.record("there is no metadata") }
    }
    #expect(
      try MessageView.read([UInt8]().span, as: .google_protobuf_Empty, limits: .request) { _ in 1 }
        == 1)
  }

  @Test("fields of every wire type are passed over")
  func passedOver() throws {
    let bytes =
      hex("1d 01 00 00 00 31 01 00 00 00 00 00 00 00 08 05")
      + field(37, field(1, Array("x".utf8))) + hex("9d 06 00 00 00 00") + field(37, [])
    var texts: [String] = []
    try MessageView.read(bytes.span, as: .testSink, limits: .request) { view throws(MessageError) in
      try view.forEachMessage(34) { leaf in texts.append(leaf.string(0)) }
      let number = view.int64(0)
      #expect(number == 5)
    }
    #expect(texts == ["x", ""])
  }

  @Test("the last occurrence of a field counts")
  func last() throws {
    let bytes = field(2, Array("A".utf8)) + field(2, Array("BC".utf8))
    try MessageView.read(bytes.span, as: .ttrpc_Request, limits: .request) { view in
      let method = view.string(1)
      #expect(method == "BC")
    }
  }

  @Test("an envelope that is broken anywhere is refused before it is lent")
  func broken() {
    for bytes in [field(1, [0]), request + [0x80], field(5, field(1, [0xFF]))] {
      #expect(
        violation { () throws(MessageError) in
          try MessageView.read(bytes.span, as: .ttrpc_Request, limits: .request) { _ in
            Issue.record("must not be lent")
          }
        } != nil)
    }
    #expect(
      violation { () throws(MessageError) in
        try MessageView.read(field(5, field(1, [0xFF])).span, as: .ttrpc_Request, limits: .request)
        { _ in }
      }?.field == "metadata[0].key")
  }

  @Test("what the body throws comes out")
  func rethrown() {
    #expect(
      violation { () throws(MessageError) in
        try MessageView.read(request.span, as: .ttrpc_Request, limits: .request) {
          _ throws(MessageError) in
          throw MessageError(FieldViolation(field: "x", description: "is mine"))
        }
      } == FieldViolation(field: "x", description: "is mine"))
  }
}
