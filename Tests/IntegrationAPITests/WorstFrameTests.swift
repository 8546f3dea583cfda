import IntegrationAPI
import ProtobufC
import Testing

/// The densest requests that fit a frame, made from the descriptors: whatever becomes of them, it takes
/// a bounded number of pieces of a bounded size. What they cost in time is measured
/// (`Benchmarks/wire/worst.py`).
@Suite("The worst frames")
struct WorstFrameTests {
  /// A frame's most, less what the envelope takes.
  private static let room = 4 * 1024 * 1024 - 512
  /// The goal for what a frame may take from the system, in bytes.
  private static let maxMemory = 32 * 1024 * 1024
  /// 16 KiB, doubled up to steps of 1 MiB, and as many of those as the memory has.
  private static let maxChunks = 7 + maxMemory / (1024 * 1024)

  private static let requests = ServiceCatalogue.all.flatMap(\.methods).map(\.request)

  @Test("decoding any of them takes at most 32 MiB in few pieces, and leaves little behind")
  func memory() throws {
    var worst = 0
    var cases = 0
    for request in Self.requests {
      for bytes in Self.messages(request.descriptor, room: Self.room, depth: 1) {
        let taken = Self.decode(request, bytes)
        #expect(taken.bytes <= Self.maxMemory && taken.chunks <= Self.maxChunks, "\(request)")
        #expect(ThreadArena.bytesHeld <= 256 * 1024)
        worst = max(worst, taken.bytes)
        cases += 1
      }
    }
    #expect(cases > 200)
    // Some of them do take what the limits allow, or this would test nothing.
    #expect(worst > 4 * 1024 * 1024)
  }

  private static func decode<M: Message>(
    _: M.Type, _ bytes: [UInt8]
  ) -> (bytes: Int, chunks: Int) {
    let before = (ThreadArena.bytesTaken, ThreadArena.chunksTaken)
    // Refused or not: what counts is what it took.
    _ = try? M(serialized: bytes.span, limits: .request)
    return (ThreadArena.bytesTaken - before.0, ThreadArena.chunksTaken - before.1)
  }

  /// Messages that fill `room` with one of their fields, or with one of a field's.
  private static func messages(
    _ type: MessageDescriptor, room: Int, depth: Int
  ) -> [[UInt8]] {
    type.fields.flatMap { field -> [[UInt8]] in
      var found = fillings(of: field, room)
      if case .message(let inner) = field.kind, depth < 3 {
        found += messages(inner, room: room - 16, depth: depth + 1).map { self.field(field, $0) }
      }
      return found
    }
  }

  private static func fillings(of field: FieldDescriptor, _ room: Int) -> [[UInt8]] {
    func many(_ value: [UInt8], _ most: Int) -> [UInt8] {
      let one = self.field(field, value)
      return repeated(one, min(most, room / one.count))
    }
    switch field.kind {
    case .string, .bytes:
      let long = self.field(field, [UInt8](repeating: 0x61, count: room - 16))
      guard field.isRepeated else { return [long] }
      return [
        long, many([], 4_096), many([], .max),
        many([UInt8](repeating: 0x61, count: room / 4_096 - 8), 4_096),
      ]
    case .message(let inner):
      let unknown: [UInt8] = [0xFA, 0x3F, 0]
      guard field.isRepeated else {
        return [self.field(field, repeated(unknown, room / 4))]
      }
      var found = [many([], 4_096), many([], .max), many(unknown + unknown, 4_096)]
      for member in inner.fields where !member.isRepeated {
        if case .string = member.kind {
          found.append(many(self.field(member, [UInt8](repeating: 0x61, count: 200)), 4_096))
        }
      }
      return found
    default:
      guard field.isRepeated else { return [] }
      return [
        self.field(field, [UInt8](repeating: 1, count: 4_096)),
        self.field(field, [UInt8](repeating: 1, count: room - 16)),
      ]
    }
  }

  /// By doubling: element by element takes a debug build minutes.
  private static func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
    var all = bytes
    while all.count < bytes.count * count { all += all }
    return Array(all.prefix(bytes.count * count))
  }

  private static func field(_ field: FieldDescriptor, _ value: [UInt8]) -> [UInt8] {
    varint(field.number << 3 | 2) + varint(value.count) + value
  }

  private static func varint(_ number: some BinaryInteger) -> [UInt8] {
    var rest = UInt64(number)
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}
