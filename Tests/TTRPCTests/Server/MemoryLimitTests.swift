import ProtobufC
import TTRPC
import TTRPCServer
import Testing

/// The bounds of memory that all connections share.
@Suite("Shared memory")
struct MemoryLimitTests {
  // MARK: Answers

  /// What the kernel keeps for a client that does not read, at most.
  private static let kernelBytes = 512 << 10

  @Test("all answers waiting for their clients are bounded together, at any moment (K17)")
  func totalOutbound() async throws {
    try await World.with({ $0.limits.maxOutboundBytes = 16 << 20 }) { world in
      try await world.besideCanary {
        var raws: [RawClient] = []
        for _ in 0..<8 {
          let raw = try await world.raw()
          await raw.pauseReading()
          raws.append(raw)
        }
        for stream in stride(from: 1, through: 15, by: 2) as StrideThrough<UInt32> {
          for raw in raws {
            try await raw.call("Grow", stream: stream, ProtoDuration(seconds: 1 << 20))
          }
        }
        try await world.roundTrips()
        #expect(world.log.text.contains("too many answers"))
        var frames = 0
        for raw in raws {
          await raw.finishWriting()
          await raw.resumeReading()
          frames += await raw.untilClosed().count
        }
        // Of 64 MiB.
        #expect(frames << 20 <= 16 << 20 + 8 * Self.kernelBytes)
        #expect(frames >= 8)
      }
    }
  }

  @Test("the connection with most is closed first, on whichever loop it lives")
  func worstFirst() async throws {
    try await World.with(
      loops: 2,
      {
        $0.limits.maxOutboundBytes = 16 << 20
        $0.limits.outboundMark = 32 << 20
      }
    ) { world in
      // Connections go to the loops in turns: the last one is alone on its loop.
      var raws: [RawClient] = []
      for _ in 0..<3 {
        let raw = try await world.raw()
        try await raw.call("Echo", stream: 1, ProtoAny())
        #expect(await raw.next() != nil)
        await raw.pauseReading()
        raws.append(raw)
      }
      let (much, little, alone) = (raws[0], raws[2], raws[1])
      for stream in stride(from: 3, through: 13, by: 2) as StrideThrough<UInt32> {
        try await much.call("Grow", stream: stream, ProtoDuration(seconds: 2 << 20))
      }
      try await world.roundTrips()
      // What is left of fifteen megabytes is above seven eighths of the bound.
      for raw in [little, alone] {
        try await raw.call("Grow", stream: 3, ProtoDuration(seconds: 1_700_000))
      }
      while !world.log.text.contains("too many answers") { await Task.yield() }
      for raw in [little, alone] {
        await raw.resumeReading()
        #expect(await raw.next()?.header.streamID == 3)
        await raw.close()
      }
      await much.finishWriting()
      await much.resumeReading()
      #expect(await much.untilClosed().count < 6)
    }
  }

  @Test("answers that their clients take do not count, however many leave in one turn")
  func takenAtOnce() async throws {
    try await World.with({ $0.limits.maxOutboundBytes = 1 << 20 }) { world in
      var raws: [RawClient] = []
      for _ in 0..<30 { raws.append(try await world.raw()) }
      let clients = raws
      let request = RawClient.frame(
        .request, stream: 1,
        try RawClient.request("Grow", payload: ProtoDuration(seconds: 100_000).serialized()))
      // Three megabytes of answers in the turn after this one.
      await world.loops.loops[0].run {
        for client in clients {
          client.socket.withOutput { $0 += request }
          client.socket.flush()
        }
      }
      for client in clients { #expect(await client.next()?.body.count ?? 0 > 100_000) }
      for client in clients { await client.close() }
      #expect(!world.log.text.contains("too many answers"))
    }
  }

  // MARK: Requests

  @Test("bytes of arriving frames are bounded for each user", arguments: [true, false])
  func inboundBytes(perUser: Bool) async throws {
    try await World.with({
      if perUser { $0.limits.maxInboundBytesPerUser = 300_000 }
      if !perUser { $0.limits.maxInboundBytes = 300_000 }
    }) { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        let body = try RawClient.request(
          "Echo", payload: ProtoAny(value: [UInt8](repeating: 1, count: 1_000_000)).serialized())
        let bytes = RawClient.frame(.request, stream: 1, body)
        await raw.send(Array(bytes[..<600_000]))
        let answer = try #require(try await raw.nextError())
        #expect(answer.stream == 1 && answer.error.code == .resourceExhausted)
        await raw.send(Array(bytes[600_000...]))
        let fits = try RawClient.request(
          "Echo", payload: ProtoAny(value: [UInt8](repeating: 1, count: 200_000)).serialized())
        await raw.send(.request, stream: 3, fits)
        #expect(await raw.next()?.header.streamID == 3)
        await raw.close()
      }
    }
  }

  @Test("a claim costs nothing: memory is taken as bytes arrive")
  func claims() async throws {
    try await World.with({ $0.limits.maxInboundBytes = 1 << 20 }) { world in
      var raws: [RawClient] = []
      for _ in 0..<50 {
        let raw = try await world.raw()
        await raw.send(RawClient.header(length: 4 << 20, .request, stream: 1) + [1])
        raws.append(raw)
      }
      try await world.roundTrips()
      #expect(world.server.reservedInboundBytes == 0)
      for raw in raws { await raw.close() }
    }
  }

  @Test("small pieces of frames count as large ones do (K16)", arguments: [5_000, 60_000])
  func smallPieces(length: Int) async throws {
    let bound = length * 10
    try await World.with({ $0.limits.maxInboundBytes = bound }) { world in
      try await world.besideCanary {
        let piece =
          RawClient.header(length: 100_000, .request, stream: 1)
          + [UInt8](repeating: 0, count: length - 10)
        var raws: [RawClient] = []
        for _ in 0..<30 {
          let raw = try await world.raw()
          await raw.send(piece)
          raws.append(raw)
        }
        try await world.roundTrips()
        #expect(world.server.reservedInboundBytes == bound)
        for raw in raws[10...] {
          #expect(try await raw.nextError()?.error.code == .resourceExhausted)
        }
        for raw in raws { await raw.close() }
        try await world.until { $0.server.reservedInboundBytes == 0 }
      }
    }
  }

  @Test("what waits unread on connections that are not read counts too")
  func waitingUnread() async throws {
    try await World.with({
      $0.limits.maxRunningHandlers = 1
      $0.limits.maxInboundBytes = 100_000
    }) { world in
      let request = try RawClient.request("Wait", payload: [])
      // 30 kB of requests, of which the first runs and the others wait.
      let bytes = (0..<30_000 / (request.count + 10)).flatMap { number in
        RawClient.frame(.request, stream: UInt32(number) * 2 + 1, request)
      }
      let calls = bytes.count / (request.count + 10)
      var raws: [RawClient] = []
      for _ in 0..<10 {
        let raw = try await world.raw()
        await raw.send(bytes)
        raws.append(raw)
      }
      try await world.gate.until { $0.arrivals == 10 }
      try await world.roundTrips()
      let reserved = world.server.reservedInboundBytes
      try #require(reserved > 80_000 && reserved <= 100_000)
      // Three have room. For the others what runs is answered, and that is all.
      world.gate.open()
      for raw in raws[3...] {
        await raw.finishWriting()
        #expect(await raw.untilClosed().map(\.header.streamID) == [1])
      }
      for raw in raws[..<3] {
        for number in 0..<calls {
          #expect(await raw.next()?.header.streamID == UInt32(number) * 2 + 1)
        }
        await raw.close()
      }
      #expect(world.server.reservedInboundBytes == 0)
    }
  }
}
