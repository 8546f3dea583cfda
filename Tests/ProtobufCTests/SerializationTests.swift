import ProtobufC
import Testing

@Suite("Serialization")
struct SerializationTests {
  @Test("a message survives its bytes")
  func roundTrip() throws {
    let value = ProtoTimestamp(seconds: 12, nanos: 5)
    #expect(try ProtoTimestamp(serialized: value.serialized()) == value)
  }
}
