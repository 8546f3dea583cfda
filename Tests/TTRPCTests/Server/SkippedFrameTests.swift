import ProtobufC
import TTRPC
import TTRPCServer
import Testing

/// Frames that are refused before they have arrived, and what stands behind and before them.
@Suite("Skipped frames")
struct SkippedFrameTests {
  @Test(
    "a request that has to wait behind the end of a skipped frame is read as what it is",
    arguments: [4_194_305, 1_000_000])
  func waitingBehind(length: Int) async throws {
    try await World.with({
      $0.limits.maxRunningHandlers = 1
      $0.limits.maxInboundBytes = 300_000
    }) { world in
      let raw = try await world.raw()
      try await raw.call("Wait", stream: 1, ProtoAny())
      try await world.gate.until { $0.arrivals == 1 }
      // The end of the skipped data looks like a request: a reader who loses its place obeys it.
      let echo = try RawClient.request("Echo", payload: [])
      let smuggled = RawClient.frame(.request, stream: 7, echo)
      await raw.send(
        RawClient.header(length: UInt32(length), .request, stream: 3)
          + [UInt8](repeating: 0, count: length - smuggled.count))
      let refused = try #require(try await raw.nextError())
      #expect(refused.stream == 3 && refused.error.code == .resourceExhausted)
      await raw.sent()
      try await world.roundTrips()
      await raw.send(smuggled + RawClient.frame(.request, stream: 5, echo))
      try await world.roundTrips()
      world.gate.open()
      #expect(await raw.next()?.header.streamID == 1)
      #expect(await raw.next()?.header.streamID == 5)
      try await raw.call("Echo", stream: 9, ProtoAny())
      #expect(await raw.next()?.header.streamID == 9)
      await raw.close()
    }
  }

  @Test("skipped frames may follow each other in any pieces", arguments: [1, 9, 10, 11, 4_194_315])
  func oneAfterTheOther(cut: Int) async throws {
    try await World.with { world in
      let raw = try await world.raw()
      var bytes: [UInt8] = []
      for stream in [1, 3, 5] as [UInt32] {
        bytes += RawClient.header(length: 4_194_305, .request, stream: stream)
        bytes += [UInt8](repeating: 1, count: 4_194_305)
      }
      bytes += RawClient.frame(.request, stream: 7, try RawClient.request("Echo", payload: []))
      await raw.send(Array(bytes[..<cut]))
      await raw.sent()
      await raw.send(Array(bytes[cut...]))
      for stream in [1, 3, 5] as [UInt32] {
        let refused = try #require(try await raw.nextError())
        #expect(refused.stream == stream && refused.error.code == .resourceExhausted)
      }
      #expect(await raw.next()?.header.streamID == 7)
      await raw.close()
    }
  }

  @Test("a call that is refused a frame while it waits to start is answered once")
  func oneLastFrame() async throws {
    try await World.with { world in
      let raw = try await world.raw()
      // In one write, so that the call is decoded and not started when the frame is refused.
      await raw.send(
        RawClient.frame(.request, stream: 1, try RawClient.request("Wait", payload: []))
          + RawClient.header(length: 4_194_305, .data, stream: 1))
      let answer = try #require(try await raw.nextError())
      #expect(answer.stream == 1 && answer.error.code == .invalidArgument)
      await raw.send([UInt8](repeating: 1, count: 4_194_305))
      world.gate.open()
      try await raw.call("Echo", stream: 3, ProtoAny())
      #expect(await raw.next()?.header.streamID == 3)
      await raw.close()
    }
  }

  @Test("so is one that waits to start because the client takes no answers")
  func oneLastFrameBehindMark() async throws {
    try await World.with({ $0.limits.outboundMark = 1 }) { world in
      let raw = try await world.raw()
      await raw.send(
        RawClient.frame(.request, stream: 1, try RawClient.request("Echo", payload: [0x0A, 1, 65]))
          + RawClient.frame(.request, stream: 3, try RawClient.request("Wait", payload: []))
          + RawClient.frame(.data, stream: 3))
      #expect(await raw.next()?.header.streamID == 1)
      let answer = try #require(try await raw.nextError())
      #expect(answer.stream == 3 && answer.error.code == .invalidArgument)
      world.gate.open()
      try await raw.call("Echo", stream: 5, ProtoAny())
      #expect(await raw.next()?.header.streamID == 5)
      await raw.close()
    }
  }

  @Test("the time in which the server does not read is not held against a frame (K3)")
  func ownPause() async throws {
    try await World.with({
      $0.limits.maxRunningHandlers = 1
      $0.limits.headerTime = .seconds(1)
      $0.limits.bodyGrace = .seconds(1)
    }) { world in
      let raw = try await world.raw()
      try await raw.call("Wait", stream: 1, ProtoAny())
      try await world.gate.until { $0.arrivals == 1 }
      let next = RawClient.frame(.request, stream: 3, try RawClient.request("Echo", payload: []))
      // In two turns, so that the frame is known to be on its way when the reading stops.
      let loop = raw.socket.loop
      await loop.run {
        raw.socket.withOutput { $0 += next[..<15] }
        raw.socket.flush()
        loop.atEndOfTurn {
          loop.submit {
            raw.socket.withOutput { $0 += next[15...] + next[..<5] }
            raw.socket.flush()
          }
        }
      }
      let start = ContinuousClock.now
      while start.duration(to: .now) < .milliseconds(1_300) { try await world.roundTrips() }
      #expect(!world.log.text.contains("takes too long"))
      world.gate.open()
      #expect(await raw.next()?.header.streamID == 1)
      #expect(await raw.next()?.header.streamID == 3)
      // Now the piece of the third frame has its time.
      #expect(await raw.untilClosed().isEmpty)
      #expect(world.log.text.contains("takes too long"))
    }
  }

  @Test(
    "the last stream id closes the connection whatever its request was (S3)",
    arguments: [
      RawClient.frame(.request, stream: .max, [0xFF]),
      RawClient.header(length: 4_194_305, .request, stream: .max),
    ])
  func lastID(frame: [UInt8]) async throws {
    try await World.with { world in
      let raw = try await world.raw()
      try await raw.call("Wait", stream: 1, ProtoAny())
      try await world.gate.until { $0.arrivals == 1 }
      await raw.send(frame)
      #expect(try await raw.nextError()?.stream == .max)
      try await world.roundTrips()
      try #require(world.log.text.contains("every stream id"))
      world.gate.open()
      #expect(await raw.untilClosed().map(\.header.streamID) == [1])
    }
  }
}
