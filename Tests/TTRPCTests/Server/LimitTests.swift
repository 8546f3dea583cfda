import ProtobufC
import TTRPC
import TTRPCServer
import Testing

/// The bounds of ``ServerLimits``, each beside a client that must notice nothing.
@Suite("Limits")
struct LimitTests {
  @Test("a header that takes too long closes the connection (K2)")
  func slowHeader() async throws {
    try await World.with({ $0.limits.headerTime = .milliseconds(40) }) { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        await raw.send([0, 0, 0])
        #expect(await raw.untilClosed().isEmpty)
      }
    }
  }

  @Test("a frame whose data takes too long closes the connection (K3)")
  func slowBody() async throws {
    try await World.with({
      $0.limits.bodyGrace = .milliseconds(40)
      $0.limits.minBytesPerSecond = 1 << 20
    }) { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        await raw.send(RawClient.header(length: 1_000, .request, stream: 1) + [1, 2, 3])
        #expect(await raw.untilClosed().isEmpty)
        let skipped = try await world.raw()
        await skipped.send(RawClient.header(length: 4_194_305, .request, stream: 1))
        #expect(await skipped.untilClosed().count == 1)
      }
    }
  }

  @Test("an idle connection is closed; one with a running call is not (K4)")
  func idle() async throws {
    try await World.with({ $0.limits.idleTime = .seconds(1) }) { world in
      try await world.besideCanary {
        let busy = try await world.raw()
        try await busy.call("Wait", stream: 1, ProtoAny())
        let idle = try await world.raw()
        #expect(await idle.untilClosed().isEmpty)
        let another = try await world.raw()
        try await another.call("Echo", stream: 1, ProtoAny())
        #expect(await another.untilClosed().count == 1)
        world.gate.open()
        #expect(await busy.untilClosed().count == 1)
      }
    }
  }

  @Test("above the mark of unsent answers a connection is not read, and goes on later (K5)")
  func outboundMark() async throws {
    try await World.with({
      $0.limits.outboundMark = 2 << 20
      $0.limits.outboundCeiling = 4 << 20
    }) { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        await raw.pauseReading()
        var stream: UInt32 = 1
        for _ in 0..<40 {
          try await raw.call("Grow", stream: stream, ProtoDuration(seconds: 1 << 20))
          stream += 2
        }
        try await world.roundTrips()
        // 40 MiB of answers would have met the ceiling.
        await raw.resumeReading()
        for _ in 0..<40 { #expect(await raw.next()?.body.count ?? 0 > 1 << 20) }
        await raw.close()
      }
    }
  }

  @Test("above the ceiling of unsent answers a connection is closed (K6)")
  func outboundCeiling() async throws {
    try await World.with({ $0.limits.outboundCeiling = 1 << 20 }) { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        await raw.pauseReading()
        try await raw.call("Grow", stream: 1, ProtoDuration(seconds: 3 << 20))
        try await world.until { $0.server.statistics.openConnections <= 2 }
        await raw.resumeReading()
        #expect(await raw.untilClosed().isEmpty)
      }
    }
  }

  @Test("a client that takes no answers is closed (K7)")
  func outboundStall() async throws {
    try await World.with({ $0.limits.outboundStall = .milliseconds(40) }) { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        try await raw.call("Wait", stream: 1, ProtoAny())
        try await world.gate.until { $0.arrivals == 1 }
        await raw.pauseReading()
        try await raw.call("Grow", stream: 3, ProtoDuration(seconds: 3 << 20))
        try await world.until {
          $0.server.statistics.openConnections <= 2 && $0.server.statistics.callsInFlight <= 2
        }
        await raw.close()
      }
    }
  }

  @Test("a connection that is not read still notices that its client is gone (C11)")
  func goneWhilePaused() async throws {
    try await World.with({ $0.limits.maxRunningHandlers = 1 }) { world in
      let raw = try await world.raw()
      try await raw.call("Watch", stream: 1, ProtoEmpty(), flags: .remoteClosed)
      try await raw.call("Echo", stream: 3, ProtoAny())
      #expect(await raw.next()?.header.type == .data)
      try await world.roundTrips()
      await raw.close()
      try await world.roundTrips()
      #expect(world.gate.seen.cancellations == 1)
      #expect(world.server.statistics.callsInFlight == 0)
    }
  }

  @Test("above the limit of running handlers requests wait unread, and none is refused (K9)")
  func runningHandlers() async throws {
    try await World.with({ $0.limits.maxRunningHandlers = 4 }) { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        var stream: UInt32 = 1
        for _ in 0..<10 {
          try await raw.call("Wait", stream: stream, ProtoAny())
          stream += 2
        }
        try await world.gate.until { $0.arrivals == 4 }
        try await world.roundTrips()
        #expect(world.gate.seen.arrivals == 4)
        world.gate.open()
        var answered: Set<UInt32> = []
        for _ in 0..<10 {
          let frame = try #require(await raw.next())
          #expect(frame.body.isEmpty)
          answered.insert(frame.header.streamID)
        }
        #expect(answered.count == 10)
        await raw.close()
      }
    }
  }

  @Test("above the limit of open streams a stream is refused, and unary calls go on (K10)")
  func openStreams() async throws {
    try await World.with({ $0.limits.maxOpenStreams = 2 }) { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        for stream in [1, 3, 5] as [UInt32] {
          try await raw.call("Watch", stream: stream, ProtoEmpty(), flags: .remoteClosed)
        }
        #expect(await raw.next()?.header.streamID == 1)
        #expect(await raw.next()?.header.streamID == 3)
        let answer = try #require(try await raw.nextError())
        #expect(answer.stream == 5 && answer.error.code == .resourceExhausted)
        try await raw.call("Echo", stream: 7, ProtoAny())
        #expect(await raw.next()?.header.streamID == 7)
        await raw.close()
      }
    }
  }

  @Test("a stream whose handler takes nothing stops the reading, then fails (K11, K12)")
  func streamStall() async throws {
    try await World.with({
      $0.limits.streamStall = .milliseconds(40)
      $0.limits.maxQueuedMessages = 8
    }) { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        try await raw.call("Ignore", stream: 1, ProtoAny(), flags: [.remoteOpen, .noData])
        for _ in 0..<20 { await raw.send(.data, stream: 1, []) }
        try await raw.call("Echo", stream: 3, ProtoAny())
        let answer = try #require(try await raw.nextError())
        #expect(answer.stream == 1 && answer.error.code == .resourceExhausted)
        // What was sent before that is dropped without complaint.
        #expect(await raw.next()?.header.streamID == 3)
        await raw.close()
      }
    }
  }

  @Test("a handler that is only slow is waited for")
  func slowHandler() async throws {
    try await World.with({
      $0.limits.streamStall = .seconds(1)
      $0.limits.maxQueuedMessages = 2
      $0.limits.streamOutboundMark = 1
    }) { world in
      let raw = try await world.raw()
      try await raw.call("Chat", stream: 1, ProtoAny(), flags: [.remoteOpen, .noData])
      let message = try ProtoAny(value: [UInt8](repeating: 1, count: 10_000)).serialized()
      for _ in 0..<300 { await raw.send(.data, stream: 1, message) }
      await raw.send(.data, [.remoteClosed, .noData], stream: 1)
      var count = 0
      while let frame = await raw.next(), !frame.header.flags.contains(.remoteClosed) {
        #expect(frame.header.type == .data)
        count += 1
      }
      #expect(count == 300)
      await raw.close()
    }
  }

  @Test("after the client has closed its side running calls may finish")
  func halfClosed() async throws {
    try await World.with { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        try await raw.call("Wait", stream: 1, ProtoAny(typeUrl: "x"))
        try await raw.call("Sum", stream: 3, ProtoDuration(), flags: .remoteOpen)
        await raw.finishWriting()
        // A stream of requests that can never be finished is over.
        let answer = try #require(try await raw.nextError())
        #expect(answer.stream == 3 && answer.error.code == .cancelled)
        world.gate.open()
        let rest = await raw.untilClosed()
        #expect(rest.map(\.header.streamID) == [1])
      }
    }
  }

  @Test("after the client has closed its side calls that do not finish are cancelled (K8)")
  func halfClosedTooLong() async throws {
    try await World.with({ $0.limits.halfClosedTime = .milliseconds(40) }) { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        try await raw.call("Watch", stream: 1, ProtoEmpty(), flags: .remoteClosed)
        #expect(await raw.next()?.header.type == .data)
        await raw.finishWriting()
        #expect(await raw.untilClosed().isEmpty)
        try await world.gate.until { $0.cancellations == 1 }
      }
    }
  }

  @Test("a user has a share of the connections (K15)")
  func connectionsPerUser() async throws {
    try await World.with({ $0.limits.maxConnectionsPerUser = 2 }) { world in
      let first = try await world.raw()
      try await first.call("Echo", stream: 1, ProtoAny())
      #expect(await first.next() != nil)
      let second = try await world.raw()
      try await second.call("Echo", stream: 1, ProtoAny())
      #expect(await second.next() != nil)
      let third = try await world.raw()
      #expect(await third.untilClosed().isEmpty)
      await second.close()
      try await world.until { $0.server.statistics.openConnections <= 2 }
      try await first.call("Echo", stream: 3, ProtoAny())
      #expect(await first.next() != nil)
      await first.close()
    }
  }

  @Test("above the limit of connections new ones wait to be accepted (K14)")
  func connections() async throws {
    try await World.with({ $0.limits.maxConnections = 2 }) { world in
      let first = try await world.raw()
      let second = try await world.raw()
      let third = try await world.raw()
      try await third.call("Echo", stream: 1, ProtoAny())
      for stream in [1, 3, 5] as [UInt32] {
        try await first.call("Hop", stream: stream, ProtoAny())
        #expect(await first.next()?.header.streamID == stream)
      }
      #expect(world.server.statistics.openConnections == 2)
      await second.close()
      #expect(await third.next()?.header.streamID == 1)
      await first.close()
      await third.close()
    }
  }
}
