import ProtobufC
import TTRPC
import TTRPCServer
import Testing

/// A handler must never take a stream that broke for one that ended.
@Suite("Broken streams of requests")
struct BrokenStreamTests {
  /// Sends three messages and the end of a stream whose handler has not begun to take them.
  private func sendAll(_ world: World, timeout: Int64 = 0) async throws -> RawClient {
    let raw = try await world.raw()
    try await raw.call(
      "Late", stream: 1, ProtoDuration(), flags: [.remoteOpen, .noData], timeout: timeout)
    try await world.gate.until { $0.arrivals == 1 }
    let two = try ProtoDuration(seconds: 2).serialized()
    for _ in 0..<3 { await raw.send(.data, stream: 1, two) }
    await raw.send(.data, [.remoteClosed, .noData], stream: 1)
    return raw
  }

  @Test("a stream that was complete when its client closed its side is delivered whole")
  func halfClosed() async throws {
    try await World.with { world in
      let raw = try await sendAll(world)
      await raw.finishWriting()
      try await world.roundTrips()
      world.gate.open()
      let frame = try #require(await raw.next())
      #expect(frame.header.streamID == 1)
      let sum = try ProtoDuration(
        serialized: TTRPCResponse(serialized: frame.body).payload)
      #expect(sum.seconds == 6)
      #expect(await raw.untilClosed().isEmpty)
      #expect(world.gate.seen.counted == 1 && world.gate.seen.cancellations == 0)
    }
  }

  @Test("a stream that is answered for its handler fails there, however much of it had come")
  func abandoned() async throws {
    try await World.with { world in
      // By its deadline.
      let late = try await sendAll(world, timeout: 20_000_000)
      #expect(try await late.nextError()?.error.code == .deadlineExceeded)
      world.gate.open()
      try await world.gate.until { $0.cancellations + $0.counted == 1 }
      #expect(world.gate.seen.counted == 0)
      await late.close()
    }
    try await World.with { world in
      // By a violation: data behind the end.
      let wrong = try await sendAll(world)
      await wrong.send(.data, stream: 1)
      #expect(try await wrong.nextError()?.error.code == .invalidArgument)
      world.gate.open()
      try await world.gate.until { $0.cancellations + $0.counted == 1 }
      #expect(world.gate.seen.counted == 0)
      await wrong.close()
    }
  }

  @Test("so does one whose client is gone, or whose server stops")
  func gone() async throws {
    try await World.with { world in
      let raw = try await sendAll(world)
      await raw.close()
      try await world.until { $0.server.statistics.openConnections == 1 }
      world.gate.open()
      try await world.gate.until { $0.cancellations + $0.counted == 1 }
      #expect(world.gate.seen.counted == 0)
    }
    try await World.with { world in
      let raw = try await sendAll(world)
      try await world.roundTrips()
      world.server.drain(within: .zero)
      #expect(try await raw.nextError()?.error.reason == "SHUTTING_DOWN")
      world.gate.open()
      try await world.gate.until { $0.cancellations + $0.counted == 1 }
      #expect(world.gate.seen.counted == 0)
    }
  }

  @Test("a stream that can never be finished is answered when its client closes its side")
  func neverFinished() async throws {
    try await World.with { world in
      let raw = try await world.raw()
      try await raw.call("Late", stream: 1, ProtoDuration(seconds: 1), flags: .remoteOpen)
      try await world.gate.until { $0.arrivals == 1 }
      await raw.finishWriting()
      try await world.roundTrips()
      world.gate.open()
      #expect(try await raw.nextError()?.error.code == .cancelled)
      #expect(world.gate.seen.counted == 0)
    }
  }
}
