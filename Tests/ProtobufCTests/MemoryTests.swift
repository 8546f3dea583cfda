import ProtobufC
import Synchronization
import Testing

@Suite("Memory")
struct MemoryTests {
  /// A message that makes protobuf-c allocate in every way it has: members, arrays, submessages,
  /// unknown fields and scan slabs.
  private func variedMessage() throws -> [UInt8] {
    var random = SeededRandom(seed: 7)
    var sink = Sink.random(&random)
    sink.strings = (0..<40).map { "element \($0)" }
    sink.leaves = (0..<3).map { Leaf(text: "leaf \($0)", count: 1) }
    sink.leaf = Leaf(text: "leaf", count: 2)
    return try sink.serialized() + hex("98 06 01 9a 06 02 61 62")
  }

  @Test("when any allocation of decoding fails, the error says so and nothing stays behind")
  func failingDecode() throws {
    let bytes = try variedMessage()
    let whole = try Sink(serialized: bytes)
    var limits = DecodingLimits()
    var failures = 0
    for allowed in 0..<10_000 {
      limits.maxAllocations = allowed
      do {
        let value = try Sink(serialized: bytes.span, limits: limits)
        #expect(value == whole)
        break
      } catch {
        failures += 1
        #expect(error.summary.contains("memory"))
      }
    }
    // One failure for each piece: at least every element and every leaf.
    #expect(failures > 50)
    #expect(ThreadArena.bytesHeld <= 256 * 1024)
    #expect(try Sink(serialized: bytes) == whole)
  }

  @Test("the same with each piece in its own chunk")
  func failingIsolatedDecode() throws {
    let bytes = try variedMessage()
    try ThreadArena.isolatingPieces {
      var limits = DecodingLimits()
      for allowed in 0..<200 {
        limits.maxAllocations = allowed
        _ = violation { () throws(MessageError) in try Sink(serialized: bytes.span, limits: limits)
        }
        #expect(ThreadArena.bytesHeld == 0)
      }
      let whole = try Sink(serialized: bytes)
      #expect(try Sink(serialized: whole.serialized()) == whole)
      #expect(try Sink(jsonUTF8: whole.jsonUTF8()) == whole)
    }
  }

  @Test("when any allocation of encoding fails, the error says so and nothing is appended")
  func failingEncode() throws {
    let sink = try Sink(serialized: variedMessage())
    var failures = 0
    var buffer: [UInt8] = []
    for allowed in 0..<10_000 {
      do throws(MessageError) {
        try sink.withPacked(allocations: allowed) { packed in packed.append(to: &buffer) }
        break
      } catch {
        failures += 1
        #expect(error.summary.contains("memory"))
        #expect(buffer.isEmpty)
      }
    }
    #expect(failures > 50)
    #expect(try Sink(serialized: buffer) == sink)
  }

  @Test("when any allocation of reading JSON fails, the error says so")
  func failingJSON() throws {
    let sink = try Sink(serialized: variedMessage())
    // An escape in a name needs memory too.
    let json = Array(
      text(try sink.jsonUTF8()).replacing("\"aInt32\"", with: "\"aIn\\u00743\\u0032\"").utf8)
    var limits = DecodingLimits()
    var failures = 0
    for allowed in 0..<10_000 {
      limits.maxAllocations = allowed
      do {
        #expect(try Sink(jsonUTF8: json.span, limits: limits) == sink)
        break
      } catch {
        failures += 1
        #expect(error.summary.contains("memory"), "\(error)")
      }
    }
    #expect(failures > 50)
  }

  @Test("a stream of messages takes no memory once it runs")
  func steadyState() throws {
    let bytes = try variedMessage()
    let sink = try Sink(serialized: bytes)
    var buffer: [UInt8] = []
    func turn() throws {
      buffer.removeAll(keepingCapacity: true)
      _ = try Sink(serialized: bytes)
      try sink.appendSerialized(to: &buffer)
    }
    try turn()
    try turn()
    let taken = ThreadArena.chunksTaken
    for _ in 0..<1_000 { try turn() }
    #expect(ThreadArena.chunksTaken == taken)
  }

  @Test("memory of a large message is given back")
  func retention() throws {
    var sink = Sink()
    sink.bytes = Array(repeating: 1, count: 3_000_000)
    #expect(try Sink(serialized: sink.serialized()) == sink)
    #expect(ThreadArena.bytesHeld <= 256 * 1024)
    // The next first chunk is larger, but within the bound.
    _ = try Leaf(serialized: Leaf(text: "a").serialized())
    #expect(ThreadArena.bytesHeld <= 256 * 1024)
  }

  @Test("lists of large messages reuse the slabs protobuf-c scans with")
  func slabs() throws {
    // 40 fields each: more than the 16 that fit on the stack of the unpacker.
    let inner = (0..<40).flatMap { _ in field(32, [0x61]) }
    let bytes = field(18, inner + field(18, inner + field(18, inner)))
    let taken = Atomic<Int>(.max)
    // Where a large message was before, the first chunk is larger.
    try withOwnThreads(1) {
      guard let json = try? MessageDescriptor.testSink.jsonUTF8(serialized: bytes),
        text(json).contains("innerSink")
      else { return }
      taken.store(ThreadArena.bytesTaken, ordering: .relaxed)
    }
    #expect(taken.load(ordering: .relaxed) <= 64 * 1024)
    // Fields enough for slabs of every size up to 64 KiB.
    var sink = Sink()
    sink.strings = Array(repeating: "x", count: 3_000)
    #expect(try Sink(serialized: sink.serialized()) == sink)
  }

  @Test("each thread has its own arena, which is freed when the thread ends")
  func threads() throws {
    let bytes = try variedMessage()
    let sink = try Sink(serialized: bytes)
    let before = ThreadArena.arenasFreed
    let good = Atomic<Int>(0)
    try withOwnThreads(16) {
      let isFresh = ThreadArena.chunksTaken == 0
      let agree = (0..<50).allSatisfy { _ in (try? Sink(serialized: bytes)) == sink }
      if isFresh, agree, ThreadArena.bytesHeld > 0 { good.add(1, ordering: .relaxed) }
    }
    #expect(good.load(ordering: .relaxed) == 16)
    // Other tests' threads may have ended as well.
    #expect(ThreadArena.arenasFreed - before >= 16)
  }

  @Test("messages decoded and encoded while another is open do not disturb it")
  func nesting() throws {
    let outer = Leaf(text: "outer", count: 1)
    var buffer: [UInt8] = []
    try outer.withPacked { packed throws(MessageError) in
      var sink = Sink()
      sink.bytes = Array(repeating: 7, count: 100_000)
      let copy = try Sink(serialized: try sink.serialized())
      #expect(copy == sink)
      #expect(violation { () throws(MessageError) in try Leaf(text: "a\0").serialized() } != nil)
      packed.append(to: &buffer)
    }
    #expect(try Leaf(serialized: buffer) == outer)
  }
}
