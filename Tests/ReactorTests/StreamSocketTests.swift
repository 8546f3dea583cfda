import Glibc
import Reactor
import Testing

@Suite struct StreamSocketTests {
  @Test("what is appended during a turn leaves in one write")
  func coalesced() async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let log = Log<String>()
      let loop = world.loop
      try await loop.run {
        try far.start(Recorder(log))
        near.say("a")
        near.say("b")
        loop.submit { near.say("c") }
        loop.atEndOfTurn { near.say("d") }
        #expect(near.unsentBytes == 2)
      }
      #expect(try await log.waitFor(1) == ["abcd"])
      #expect(await loop.run { near.totalBytesSent } == 4)
      #expect(near.peer.userID == getuid())
      await loop.run { far.close() }
    }
  }

  @Test("bytes that were not consumed come again in front of the next")
  func leftover() async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let log = Log<String>()
      let loop = world.loop
      try await loop.run { try far.start(Recorder(log) { $0.count / 3 * 3 }) }
      for (index, text) in ["ab", "cd", "efgh", "i"].enumerated() {
        await loop.run { near.say(text) }
        try await log.waitFor(index + 1)
      }
      #expect(log.entries == ["ab", "abcd", "defgh", "ghi"])
      #expect(await loop.run { far.unconsumedBytes } == 0)
      await loop.run { near.close() }
      #expect(try await log.waitFor(6).suffix(2) == ["end", "closed \(EPIPE)"])
    }
  }

  @Test("bytes left at the end of the input are known")
  func cutShort() async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let log = Log<String>()
      let loop = world.loop
      try await loop.run {
        try far.start(Recorder(log) { _ in 0 })
        near.say("abc")
        near.finishWriting()
      }
      try await log.waitFor(2)
      #expect(await loop.run { far.unconsumedBytes } == 3)
      await loop.run { far.close() }
      #expect(try await log.waitFor(3) == ["abc", "end", "closed well"])
    }
  }

  @Test("both directions end one after the other, and the socket closes well")
  func halfClose() async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let nearLog = Log<String>()
      let farLog = Log<String>()
      let loop = world.loop
      try await loop.run {
        try near.start(Recorder(nearLog))
        try far.start(Recorder(farLog))
        near.say("question")
        near.finishWriting()
        near.finishWriting()
      }
      #expect(try await farLog.waitFor(2) == ["question", "end"])
      await world.turn()
      await loop.run {
        far.say("answer")
        far.finishWriting()
      }
      #expect(try await nearLog.waitFor(3) == ["answer", "end", "closed well"])
      #expect(try await farLog.waitFor(3) == ["question", "end", "closed well"])
      #expect(await loop.run { !near.isOpen && !far.isOpen })
    }
  }

  @Test("a paused socket reads nothing, and resumes with what was left over")
  func pausing() async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let log = Log<String>()
      let loop = world.loop
      try await loop.run {
        try far.start(
          Recorder(log) { bytes in
            far.pauseReading()
            return 1
          })
        near.say("abc")
      }
      #expect(try await log.waitFor(1) == ["abc"])
      await loop.run {
        near.say("d")
        near.finishWriting()
      }
      await world.turn()
      #expect(log.entries == ["abc"])
      await loop.run { far.resumeReading() }
      #expect(try await log.waitFor(2) == ["abc", "bc"])
      await loop.run {
        far.resumeReading()
        far.resumeReading()
      }
      #expect(try await log.waitFor(3)[2] == "c")
      await loop.run { far.resumeReading() }
      #expect(try await log.waitFor(4)[3] == "d")
      await world.turn()
      #expect(log.entries.count == 4)
      await loop.run { far.resumeReading() }
      #expect(try await log.waitFor(5)[4] == "end")
      await loop.run { far.close() }
    }
  }

  @Test("leftovers beyond the limit close the socket")
  func unconsumedLimit() async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let log = Log<String>()
      let loop = world.loop
      try await loop.run {
        far.maxUnconsumedBytes = 10
        try far.start(Recorder(log) { _ in 0 })
        near.say("0123456789")
      }
      try await log.waitFor(1)
      await loop.run { near.say("x") }
      #expect(try await log.waitFor(3)[2] == "closed \(EMSGSIZE)")
    }
  }

  @Test("a slow reader holds up the writer, who learns when all is sent")
  func backpressure() async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let log = Log<String>()
      let loop = world.loop
      let size = 4 << 20
      try await loop.run {
        try near.start(Recorder(log))
        near.withOutput { $0 += [UInt8](repeating: 1, count: size) }
        near.flush()
        loop.atEndOfTurn { near.withOutput { $0 += [2] } }
      }
      await world.turn()
      let left = await loop.run { near.unsentBytes }
      #expect(left > 0 && left < size)
      // More while it waits, and flushes that must not turn into system calls.
      await loop.run {
        near.withOutput { $0 += [3] }
        near.flush()
        near.finishWriting()
      }
      await world.turn()
      #expect(await loop.run { near.unsentBytes } == left + 1)
      let counted = Log<String>()
      try await loop.run { try far.start(Counter(counted)) }
      #expect(try await log.waitFor(1) == ["drained"])
      await loop.run { far.finishWriting() }
      #expect(try await log.waitFor(3) == ["drained", "end", "closed well"])
      #expect(try await counted.waitFor(2) == ["end: \(size + 2), [2, 3]", "closed well"])
    }
  }

  @Test("every write is told that takes something, also one in the middle of a turn")
  func outputTaken() async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let log = Log<Int>()
      let loop = world.loop
      let size = 1 << 20
      try await loop.run {
        try near.start(OutputWatch(near, log))
        near.withOutput { $0 += [1, 2, 3] }
        near.flush()
        near.writeNow()
        #expect(near.unsentBytes == 0 && log.entries == [0])
        near.writeNow()
        near.withOutput { $0 += [UInt8](repeating: 1, count: size) }
        near.writeNow()
        // The kernel is full: nothing can be taken, and nothing is told.
        near.writeNow()
        #expect(log.entries.count == 2 && (log.entries.last ?? 0) > 0)
      }
      await world.turn()
      #expect(log.entries.count == 2)
      let counted = Log<String>()
      try await loop.run { try far.start(Counter(counted)) }
      let left = try await log.waitUntil { $0.last == 0 && $0.count > 2 }
      #expect(left.dropFirst() == left.dropFirst().sorted(by: >)[...])
      await loop.run { near.finishWriting() }
      #expect(try await counted.waitFor(1) == ["end: \(size + 3), [1, 1]"])
      await loop.run { far.close() }
    }
  }

  @Test("random messages through small steps of reading and pausing arrive whole", arguments: 1...6)
  func randomMessages(seed: UInt64) async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let loop = world.loop
      var random = SeededGenerator(seed: seed)
      let bytes = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
      let messages = (0..<60).map { _ in
        let limit = [5, 2000, 70_000, 400_000].randomElement(using: &random) ?? 1
        return Array(bytes.suffix(.random(in: 0...limit, using: &random)))
      }
      let receiver = FrameReceiver(far, seed: seed)
      try await loop.run {
        // The echo at the far end, the frames at this one: both directions are under load.
        let echo = Echo(near)
        try near.start(echo)
        try far.start(receiver)
      }
      for message in messages {
        await loop.run {
          far.withOutput { $0 += withUnsafeBytes(of: UInt32(message.count).bigEndian, Array.init) }
          far.withOutput { $0 += message }
          far.flush()
        }
      }
      await loop.run { far.finishWriting() }
      try await receiver.ended.value()
      let received = await loop.run { receiver.messages }
      #expect(received.count == messages.count)
      for (one, other) in zip(received, messages) {
        // `==` is a generic loop in a debug build.
        #expect(one.count == other.count && memcmp(one, other, one.count) == 0)
      }
    }
  }

  @Test("a loop that ends closes its sockets")
  func loopEnds() async throws {
    let log = Log<String>()
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let loop = world.loop
      try await loop.run {
        try near.start(Recorder(log))
        try far.start(Recorder(log))
        near.say("x")
      }
      try await log.waitFor(1)
    }
    #expect(log.entries == ["x", "closed \(ECANCELED)", "closed \(ECANCELED)"])
  }

  @Test("an accepted socket that nobody takes is closed")
  func untaken() async throws {
    try await World.run { (world) async throws in
      let log = Log<String>()
      let loop = world.loop
      let kept = try AcceptedSocket.pair().0
      try await loop.run {
        let socket = StreamSocket(kept)
        try socket.start(Recorder(log))
      }
      #expect(try await log.waitFor(2) == ["end", "closed \(EPIPE)"])
    }
  }

  @Test("descriptors sent along are closed, not kept")
  func sentDescriptors() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<String>()
      let listener = try await loop.run {
        try UnixListener.bind(path: world.path("s"), permissions: 0o600, on: loop) { accepted in
          do {
            try StreamSocket(accepted).start(Recorder(log))
          } catch {
            log.add("\(error)")
          }
        }
      }
      let client = try RawClient(path: world.path("s"))
      var ends: [Int32] = [-1, -1]
      #expect(pipe(&ends) == 0)
      client.send("take this", passing: ends[1])
      close(ends[1])
      #expect(try await log.waitFor(1) == ["take this"])
      // The end of the pipe is there only once nobody holds its writing end.
      var byte: UInt8 = 0
      #expect(read(ends[0], &byte, 1) == 0)
      close(ends[0])
      await loop.run { listener.close() }
    }
  }
}
