import Fixtures
import Foundation
import IntegrationAPI
import ProtobufC
import TTRPC
import Testing

/// Messages are the bytes that protoc makes of the same text: `Golden/NAME.txtpb` went through
/// `protoc --encode` to become `NAME.hex` (`Golden/encode.sh`).
@Suite
struct GoldenBytesTests {
  @Test("a request with every kind of field of the contract")
  func createApiKeyRequest() throws {
    try check(
      CreateApiKeyRequest(
        tenantId: "0198c5a2-7d3e-7c4f-9a55-0123456789ab",
        keyName: "Campus app – Übung",
        environment: .staging,
        allowedEndpoints: ["GET /v1/students/{id}/**", "payments.v1.Payments/*"],
        allowedIpAddresses: ["203.0.113.0/24", "2001:db8::/32"],
        rateLimitPerMinute: 600,
        rateLimitPerHour: -1,
        expiresAt: ProtoTimestamp(seconds: 1_798_761_599, nanos: 500_000_000),
        rotationFrequencyDays: 90,
        notes: "line one\nline two",
        withApiSecret: true,
        idempotencyKey: "campus-2026-01"))
  }

  @Test("a decision")
  func verifyApiKeyResponse() throws {
    try check(
      VerifyApiKeyResponse(
        allowed: false,
        code: .rateLimitedMinute,
        tenantId: "0198c5a2-7d3e-7c4f-9a55-0123456789ab",
        keyId: "0198c5a2-7d3e-7c4f-9a55-ba9876543210",
        keyName: "Campus app",
        environment: .production,
        secretVersion: 3,
        expiresAt: ProtoTimestamp(seconds: 1_798_761_599),
        successorExists: true,
        windows: [
          RateLimitWindow(
            name: "minute", limit: 60, remaining: 0,
            resetAt: ProtoTimestamp(seconds: 1_767_225_660)),
          RateLimitWindow(
            name: "hour", limit: 1000, remaining: 940,
            resetAt: ProtoTimestamp(seconds: 1_767_229_200)),
        ],
        retryAfter: ProtoDuration(seconds: 12, nanos: 250_000_000)))
  }

  @Test("a message inside a message, and a field mask")
  func updateApiKeyRequest() throws {
    try check(
      UpdateApiKeyRequest(
        tenantId: "t",
        keyId: "k",
        key: ApiKey(isActive: true, allowedEndpoints: ["*"], totalRequests: .max),
        updateMask: ProtoFieldMask(paths: ["is_active", "allowed_endpoints"])))
  }

  @Test("the envelope of a call")
  func request() throws {
    try check(
      TTRPCRequest(
        service: "integration.v1.TenantService",
        method: "GetTenant",
        payload: [0x0A, 0x03] + Array("abc".utf8),
        timeoutNano: 5_000_000_000,
        metadata: [
          TTRPCKeyValue(
            key: "traceparent",
            value: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
          TTRPCKeyValue(key: "traceparent"),
        ]))
  }

  @Test("a status with typed details")
  func status() throws {
    try check(
      RPCStatus(
        code: 8,
        message: "the minute's limit is used up",
        details: [
          ProtoAny(packing: RPCRetryInfo(retryDelay: ProtoDuration(seconds: -1, nanos: -5))),
          ProtoAny(
            packing: RPCBadRequest(fieldViolations: [
              RPCBadRequest.FieldViolation(
                field: "allowed_ip_addresses[2]", description: "has host bits")
            ])),
        ]))
  }

  @Test("every kind of field there is")
  func everything() throws {
    try check(
      Everything(
        doubleValue: -0.1,
        floatValue: 3.5,
        int32Value: .min,
        int64Value: .min,
        uint32Value: .max,
        uint64Value: .max,
        sint32Value: .min,
        sint64Value: .min,
        fixed32Value: .max,
        fixed64Value: .max,
        sfixed32Value: -2,
        sfixed64Value: -3,
        boolValue: true,
        stringValue: "text \"quoted\" é語😀",
        bytesValue: [0, 1, 255],
        enumValue: .darkGreen,
        messageValue: Everything.Inner(text: "inner", level: .low),
        doubles: [0, .infinity],
        floats: [-1.5],
        int32s: [0, -1],
        int64s: [300],
        uint32s: [7],
        uint64s: [8],
        sint32s: [-1],
        sint64s: [1],
        fixed32s: [9],
        fixed64s: [10],
        sfixed32s: [-11],
        sfixed64s: [-12],
        bools: [true, false],
        strings: ["", "two"],
        byteStrings: [[], Array("b".utf8)],
        enums: [.unspecified, .red],
        messages: [Everything.Inner(), Everything.Inner(level: .high)],
        unpacked: [1, 0],
        choice: .chosenInt32(0),
        nicknamePresence: .nickname(""),
        time: ProtoTimestamp(seconds: -1, nanos: 1),
        span: ProtoDuration(seconds: -1, nanos: -1),
        mask: ProtoFieldMask(paths: ["a", "b_c"]),
        anything: [ProtoAny(typeUrl: "type.googleapis.com/google.protobuf.Empty")]))
  }

  private func check<M: Message>(_ message: M) throws {
    let bytes = try golden(M.descriptor.shortName)
    #expect(try message.serialized() == bytes)
    #expect(try M(serialized: bytes) == message)
    #expect(try M(jsonUTF8: message.jsonUTF8()) == message)
  }

  private func golden(_ name: String) throws -> [UInt8] {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Golden/\(name).hex")
    let digits = try Array(Data(contentsOf: file)).filter { $0 != UInt8(ascii: "\n") }
    return try stride(from: 0, to: digits.count, by: 2).map { place in
      try #require(UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16))
    }
  }
}
