import ProtobufC
import Testing

@Suite("Wire properties")
struct WirePropertyTests {
  /// What the validator accepts, protobuf-c unpacks; and what that gives can be written and is
  /// stable.
  private func check<M: Message>(_ bytes: [UInt8], as type: M.Type) throws(MessageError) {
    for limits in [DecodingLimits.request, .response] {
      let value: M
      do throws(MessageError) {
        value = try M(serialized: bytes.span, limits: limits)
      } catch {
        #expect(!error.violations.isEmpty)
        #expect(error.violations[0].description != "is refused by protobuf-c", "\(bytes)")
        #expect(!error.violations[0].description.contains("memory"), "\(bytes)")
        continue
      }
      let packed = try value.serialized()
      #expect(try M(serialized: packed).serialized() == packed, "\(bytes)")
    }
  }

  @Test("random bytes never do harm", arguments: 0..<50 as Range<UInt64>)
  func randomBytes(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    for _ in 0..<100 {
      try check(random.bytes(), as: Sink.self)
      try check(random.bytes(), as: Leaf.self)
    }
  }

  @Test("good bytes with faults never do harm", arguments: 0..<50 as Range<UInt64>)
  func mutatedBytes(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let good = try Sink.random(&random).serialized()
    for _ in 0..<60 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<max(bytes.count, 1), using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0 where !bytes.isEmpty: bytes[place] = .random(in: 0...255, using: &random)
        case 1 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2 where !bytes.isEmpty: bytes.remove(at: place)
        default: bytes.insert(.random(in: 0...255, using: &random), at: min(place, bytes.count))
        }
      }
      try ThreadArena.isolatingPieces { () throws(MessageError) in
        try check(bytes, as: Sink.self)
      }
    }
  }

  @Test("good bytes cut short anywhere never do harm", arguments: 0..<20 as Range<UInt64>)
  func truncatedBytes(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let good = try Sink.random(&random).serialized()
    for length in 0..<good.count { try check(Array(good.prefix(length)), as: Sink.self) }
  }

  @Test("two messages joined are refused or read as one", arguments: 0..<50 as Range<UInt64>)
  func joinedBytes(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let first = try Sink.random(&random).serialized()
    try check(first + (try Sink.random(&random).serialized()), as: Sink.self)
  }

  @Test("every message of proto/ survives random bytes", arguments: DescriptorRegistry.messages)
  func everyMessage(descriptor: MessageDescriptor) throws {
    var random = SeededRandom(seed: UInt64(descriptor.fullName.utf8.count))
    var accepted = 0
    for _ in 0..<200 {
      // The fields are short and have low numbers: likely bytes reach far.
      let bytes = (0..<Int.random(in: 0..<30, using: &random)).map { _ in
        UInt8.random(in: 0...(Bool.random(using: &random) ? 0x3F : 0xFF), using: &random)
      }
      let json: [UInt8]
      do throws(MessageError) {
        json = try descriptor.jsonUTF8(serialized: bytes)
      } catch {
        #expect(error.violations[0].description != "is refused by protobuf-c")
        continue
      }
      accepted += 1
      let again = try descriptor.serialize(jsonUTF8: json)
      #expect(try descriptor.jsonUTF8(serialized: again) == json, "\(bytes)")
    }
    // No bytes at all are a message, and come about once in thirty.
    #expect(accepted > 0)
  }
}
