import ProtobufC
import Testing

@Suite("Serialization")
struct SerializationTests {
  @Test("a message survives its bytes")
  func roundTrip() throws {
    let value = ProtoTimestamp(seconds: 12, nanos: 5)
    #expect(try ProtoTimestamp(serialized: value.serialized()) == value)
  }

  @Test("a message survives JSON")
  func json() throws {
    let value = ProtoTimestamp(seconds: 12, nanos: 5_000_000)
    let json = try value.jsonUTF8()
    #expect(String(decoding: json, as: UTF8.self) == #""1970-01-01T00:00:12.005Z""#)
    #expect(try ProtoTimestamp(jsonUTF8: json) == value)
    let d = MessageDescriptor.integration_v1_CreateApiKeyRequest
    let text = #"{"tenantId":"t","keyName":"käse \" \n","environment":"ENVIRONMENT_STAGING","allowedEndpoints":["a","b"],"rateLimitPerMinute":60,"expiresAt":"2026-01-31T08:00:00.500Z","withApiSecret":true}"#
    let bytes = try d.serialize(jsonUTF8: Array(text.utf8))
    #expect(String(decoding: try d.jsonUTF8(serialized: bytes), as: UTF8.self) == text)
  }
}
