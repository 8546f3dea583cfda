import Glibc
import Reactor
import Testing

/// How connections end, and what is heard of a peer that leaves.
@Suite struct StreamSocketEndTests {
  @Test("closing is told once, later, and ends everything else")
  func closing() async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let log = Log<String>()
      let loop = world.loop
      try await loop.run {
        try near.start(Recorder(log))
        try far.start(Recorder(Log()))
        far.say("never read")
        near.withOutput { $0 += [1, 2, 3] }
        near.close()
        near.close()
        #expect(log.entries.isEmpty)
        near.say("lost")
        near.pauseReading()
        near.resumeReading()
        near.finishWriting()
      }
      await world.turn()
      #expect(log.entries == ["closed well"])
      #expect(await loop.run { near.unsentBytes } == 0)
    }
  }

  @Test("a peer that is gone after its half-close is noticed without writing")
  func hangup() async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let log = Log<String>()
      let loop = world.loop
      try await loop.run {
        try far.start(Recorder(log))
        near.finishWriting()
      }
      #expect(try await log.waitFor(1) == ["end"])
      await world.turn()
      #expect(log.entries == ["end"])
      await loop.run { near.close() }
      #expect(try await log.waitFor(2) == ["end", "closed \(EPIPE)"])
    }
  }

  @Test("what a peer said before it left is heard, though nothing can be written to it")
  func lastWords() async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let log = Log<String>()
      let loop = world.loop
      try await loop.run {
        try far.start(Recorder(log))
        near.say("last words")
        loop.atEndOfTurn {
          loop.submit {
            near.close()
            far.say("too late")
          }
        }
      }
      let entries = try await log.waitFor(2)
      #expect(entries == ["last words", "closed \(EPIPE)"])
    }
  }

  @Test("a peer that only stops reading is heard no longer than what it has sent")
  func deaf() async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let log = Log<String>()
      let loop = world.loop
      var ends: [Int32] = [-1, -1]
      #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
      await loop.run {
        near.close()
        far.close()
      }
      let listener = try await loop.run {
        try UnixListener.bind(path: world.path("s"), permissions: 0o600, on: loop) { accepted in
          let socket = StreamSocket(accepted)
          do {
            try socket.start(
              Recorder(log) { bytes in
                socket.say("reply")
                return bytes.count
              })
          } catch {
            log.add("\(error)")
          }
        }
      }
      let raw = try RawClient(path: world.path("s"))
      #expect(shutdown(raw.descriptor, Int32(SHUT_RD)) == 0)
      raw.send("request")
      #expect(try await log.waitFor(2) == ["request", "closed \(EPIPE)"])
      close(ends[0])
      close(ends[1])
      await loop.run { listener.close() }
    }
  }

  @Test("nobody is read to who paused: a failing write closes at once")
  func failingWhilePaused() async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let log = Log<String>()
      let loop = world.loop
      try await loop.run {
        try far.start(Recorder(log))
        far.pauseReading()
        far.pauseReading()
        near.close()
        far.say("x")
      }
      #expect(try await log.waitFor(1) == ["closed \(EPIPE)"])
    }
  }

  @Test("a paused socket notices that its peer is gone if it is told to", arguments: [true, false])
  func goneWhilePaused(closes: Bool) async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let log = Log<String>()
      let loop = world.loop
      try await loop.run {
        try far.start(Recorder(log))
        far.pauseReading()
        far.closesOnHangup = closes
        near.say("last words")
        // Only its end is none: it may wait for an answer.
        near.finishWriting()
      }
      await world.turn()
      #expect(log.entries.isEmpty)
      await loop.run { near.close() }
      if closes {
        #expect(try await log.waitFor(1) == ["closed \(EPIPE)"])
      } else {
        await world.turn()
        #expect(log.entries.isEmpty)
        await loop.run { far.resumeReading() }
        #expect(try await log.waitFor(3) == ["last words", "end", "closed \(EPIPE)"])
      }
    }
  }

  @Test("a peer that leaves without having read all is an error")
  func reset() async throws {
    try await World.run { (world) async throws in
      let (near, far) = try await world.pair()
      let log = Log<String>()
      let loop = world.loop
      try await loop.run {
        try near.start(Recorder(log))
        near.say("unread")
        loop.atEndOfTurn { loop.submit { far.close() } }
      }
      let entries = try await log.waitUntil { $0.last?.hasPrefix("closed") == true }
      // The reset comes second if a child that is just being started holds a copy of the descriptor.
      #expect(entries == ["closed \(ECONNRESET)"] || entries == ["end", "closed \(EPIPE)"])
    }
  }

  @Test("a peer that hears nothing and goes on talking gets one read a turn")
  func deafAndLoud() async throws {
    try await World.run { (world) async throws in
      let log = Log<String>()
      let turns = Log<MonotonicInstant>()
      let loop = world.loop
      let accepted = Log<StreamSocket>()
      let listener = try await loop.run {
        try UnixListener.bind(path: world.path("s"), permissions: 0o600, on: loop) { socket in
          let socket = StreamSocket(socket)
          do {
            try socket.start(
              Recorder(log) { bytes in
                turns.add(loop.now)
                return bytes.count
              })
          } catch {
            log.add("\(error)")
          }
          accepted.add(socket)
        }
      }
      let raw = try RawClient(path: world.path("s"))
      var size: Int32 = 1 << 20
      setsockopt(raw.descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
      let socket = try await accepted.waitFor(1)[0]
      let bytes = [UInt8](repeating: 65, count: 300_000)
      let written = await loop.run {
        shutdown(raw.descriptor, Int32(SHUT_RD))
        let written = send(raw.descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT))
        socket.say("who is there")
        return written
      }
      // More than one read.
      #expect(written > 128 << 10)
      let entries = try await log.waitUntil { $0.last?.hasPrefix("closed") == true }
      #expect(entries.last == "closed \(EPIPE)")
      #expect(entries.dropLast().map(\.utf8.count).reduce(0, +) == written)
      #expect(Set(turns.entries).count == turns.entries.count)
      await loop.run { listener.close() }
    }
  }

  @Test("what a delegate leaves when it pauses again outlives the end of the input")
  func pausedAtTheEnd() async throws {
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
        near.finishWriting()
      }
      #expect(try await log.waitFor(1) == ["abc"])
      for expected in ["bc", "c"] {
        // At the end of a turn, so that the end is read before what was left is shown.
        await loop.run { loop.atEndOfTurn { far.resumeReading() } }
        await world.turn()
        #expect(log.entries.last == expected)
        #expect(await loop.run { far.unconsumedBytes } == expected.utf8.count - 1)
      }
      await loop.run { loop.atEndOfTurn { far.resumeReading() } }
      #expect(try await log.waitFor(4) == ["abc", "bc", "c", "end"])
      await loop.run { far.close() }
    }
  }
}
