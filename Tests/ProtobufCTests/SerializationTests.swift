import ProtobufC
import Testing

@Suite("Serialization")
struct SerializationTests {
  @Test("a message of every field type survives its bytes", arguments: 0..<200 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let value = Sink.random(&random)
    let bytes = try value.serialized()
    #expect(try Sink(serialized: bytes) == value)
  }
}
