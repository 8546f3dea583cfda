import ProtobufC
import TTRPC
import Testing

@Suite("Statuses")
struct StatusTests {
  private func roundTrip(_ error: RPCError) throws -> RPCError? {
    let bytes = error.serializedStatus()
    return try RPCError(serializedStatus: bytes.span)
  }

  @Test("every detail survives the wire")
  func details() throws {
    let error = RPCError(
      .resourceExhausted, "too much of élan",
      details: [
        .badRequest([
          FieldViolation(field: "a[1].b", description: "is wrong"),
          FieldViolation(field: "", description: "all of it"),
        ]),
        .retryInfo(.seconds(3) + .nanoseconds(7)),
        .quotaFailure([QuotaViolation(subject: "connection", description: "128 calls")]),
        .errorInfo(reason: "TOO_MUCH"), .requestInfo(id: "0123456789abcdef"),
        .resourceInfo(type: "api_key", name: "7"),
        .other(ProtoAny(typeUrl: "type.googleapis.com/some.Other", value: [1, 2])),
      ])
    #expect(try roundTrip(error) == error)
    #expect(error.fieldViolations.count == 2 && error.reason == "TOO_MUCH")
    #expect(error.retryDelay == .seconds(3) + .nanoseconds(7))
    #expect(error.requestID == "0123456789abcdef")
    let plain = RPCError(.aborted, "x")
    #expect(plain.fieldViolations.isEmpty && plain.reason == nil && plain.retryDelay == nil)
    #expect(plain.requestID == nil)
  }

  @Test("every code has gRPC's name and number", arguments: StatusCode.allCases)
  func codes(code: StatusCode) throws {
    #expect(code.name == code.name.uppercased())
    #expect(StatusCode(rawValue: code.rawValue) == code)
    if code != .ok { #expect(try roundTrip(RPCError(code, "m"))?.code == code) }
  }

  @Test("an error never claims success")
  func okIsUnknown() {
    #expect(RPCError(.ok, "x").code == .unknown)
  }

  @Test("a status of 0 is no error, an unknown code is UNKNOWN, other bytes are refused")
  func decoding() throws {
    let ok = try RPCStatus(code: 0, message: "fine").serialized()
    #expect(try RPCError(serializedStatus: ok.span) == nil)
    let odd = try RPCStatus(code: 99, message: "odd").serialized()
    #expect(try RPCError(serializedStatus: odd.span) == RPCError(.unknown, "odd"))
    let garbage: [UInt8] = [0xFF]
    #expect(throws: MessageError.self) { _ = try RPCError(serializedStatus: garbage.span) }
  }

  @Test("details that are malformed or of another domain are kept as they are")
  func strangeDetails() throws {
    let strange = [
      ProtoAny(typeUrl: "type.googleapis.com/google.rpc.BadRequest", value: [0xFF]),
      ProtoAny(typeUrl: "type.googleapis.com/google.rpc.RetryInfo", value: []),
      ProtoAny(
        typeUrl: "type.googleapis.com/google.rpc.ErrorInfo",
        value: try RPCErrorInfo(reason: "X", domain: "elsewhere").serialized()),
    ]
    for any in strange { #expect(StatusDetail(unpacking: any) == .other(any)) }
  }

  @Test("text that cannot travel or is too long is left out")
  func unsendable() throws {
    #expect(try roundTrip(RPCError(.aborted, "a\0b")) == RPCError(.aborted, ""))
    let long = String(repeating: "x", count: RPCError.maxStatusBytes)
    #expect(try roundTrip(RPCError(.aborted, long)) == RPCError(.aborted, ""))
    #expect(
      try roundTrip(RPCError(.aborted, "m", details: [.errorInfo(reason: "a\0b")]))
        == RPCError(.aborted, "m"))
  }

  @Test("metadata keeps its order and compares keys byte for byte")
  func metadata() {
    var metadata: Metadata = ["a": "1", "b": "2"]
    metadata.append("3", for: "a")
    #expect(metadata["a"] == "1" && metadata.values(for: "a") == ["1", "3"])
    #expect(metadata["A"] == nil && metadata.values(for: "c").isEmpty)
    metadata.append("4", for: "caf\u{E9}")
    #expect(metadata["cafe\u{301}"] == nil && metadata["caf\u{E9}"] == "4")
    #expect(Metadata().isEmpty && !metadata.isEmpty)
  }

  @Test("a method's name reads service/method")
  func methodName() {
    #expect("\(MethodName(service: "a.B", method: "C"))" == "a.B/C")
    #expect(MethodKind.bidirectional.clientStreams && MethodKind.bidirectional.serverStreams)
    #expect(!MethodKind.unary.clientStreams && !MethodKind.clientStreaming.serverStreams)
  }
}
