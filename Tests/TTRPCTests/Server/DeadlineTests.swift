import ProtobufC
import TTRPC
import TTRPCServer
import Testing

@Suite("Deadlines")
struct DeadlineTests {
  @Test("the server answers at the caller's deadline and cancels the handler")
  func deadline() async throws {
    try await World.with { world in
      let raw = try await world.raw()
      try await raw.call("Wait", stream: 1, ProtoAny(), timeout: 20_000_000)
      #expect(try await raw.nextError()?.error.code == .deadlineExceeded)
      // The handler was cancelled: it is gone although nobody opened the gate.
      try await world.until { $0.server.statistics.callsInFlight <= 1 }
      try await raw.call("Echo", stream: 3, ProtoAny())
      #expect(await raw.next()?.header.streamID == 3)
      await raw.close()
    }
  }

  @Test("every deadline of a connection is kept, whatever their order")
  func many() async throws {
    try await World.with { world in
      let raw = try await world.raw()
      var expected: [UInt32] = []
      for (index, milliseconds) in [60, 20, 40, 30_000, 50, 30].enumerated() {
        let stream = UInt32(index * 2 + 1)
        try await raw.call(
          "Wait", stream: stream, ProtoAny(), timeout: Int64(milliseconds) * 1_000_000)
        if milliseconds < 1_000 { expected.append(stream) }
      }
      var seen: Set<UInt32> = []
      for _ in expected { seen.insert(try #require(try await raw.nextError()).stream) }
      #expect(seen == Set(expected))
      world.gate.open()
      let last = await raw.next()
      #expect(last?.header.streamID == 7 && last?.body.isEmpty == true)
      await raw.close()
    }
  }

  @Test("a handler that ignores its cancellation is answered for, and still counts as running")
  func stubborn() async throws {
    try await World.with({ $0.limits.maxRunningHandlers = 1 }) { world in
      let raw = try await world.raw()
      try await raw.call("Stubborn", stream: 1, ProtoAny(), timeout: 10_000_000)
      #expect(try await raw.nextError()?.error.code == .deadlineExceeded)
      try await raw.call("Echo", stream: 3, ProtoAny())
      try await world.roundTrips()
      #expect(world.server.statistics.callsServed >= 20)
      world.gate.open()
      // Only now is there room; what the handler returned was dropped.
      #expect(await raw.next()?.header.streamID == 3)
      await raw.close()
    }
  }

  @Test("the longest time is the server's")
  func capped() async throws {
    try await World.with({ $0.limits.maxUnaryTime = .milliseconds(20) }) { world in
      let raw = try await world.raw()
      for (index, timeout) in [Int64.max, 0, 3_600_000_000_000].enumerated() {
        try await raw.call("Wait", stream: UInt32(index * 2 + 1), ProtoAny(), timeout: timeout)
        #expect(try await raw.nextError()?.error.code == .deadlineExceeded)
      }
      await raw.close()
    }
  }

  @Test("a negative time is over before it begins", arguments: [-1, Int64.min])
  func negative(timeout: Int64) async throws {
    try await World.with { world in
      let raw = try await world.raw()
      try await raw.call("Echo", stream: 1, ProtoAny(), timeout: timeout)
      #expect(try await raw.nextError()?.error.code == .deadlineExceeded)
      #expect(world.server.statistics.callsServed == 0)
      await raw.close()
    }
  }

  @Test("streams have no deadline of their own, but keep the caller's and the server's")
  func streams() async throws {
    try await World.with({ $0.limits.maxUnaryTime = .milliseconds(10) }) { world in
      let raw = try await world.raw()
      try await raw.call("Watch", stream: 1, ProtoEmpty(), flags: .remoteClosed)
      try await raw.call(
        "Watch", stream: 3, ProtoEmpty(), flags: .remoteClosed, timeout: 30_000_000)
      #expect(await raw.next()?.header.type == .data)
      #expect(await raw.next()?.header.type == .data)
      let answer = try #require(try await raw.nextError())
      #expect(answer.stream == 3 && answer.error.code == .deadlineExceeded)
      try await world.gate.until { $0.cancellations == 1 }
      world.gate.open()
      let end = await raw.next()
      #expect(end?.header.streamID == 1)
      #expect(end?.header.flags == [.remoteClosed, .noData])
      await raw.close()
    }
    try await World.with({ $0.limits.maxStreamTime = .milliseconds(10) }) { world in
      let raw = try await world.raw()
      try await raw.call("Watch", stream: 1, ProtoEmpty(), flags: .remoteClosed)
      #expect(await raw.next()?.header.type == .data)
      #expect(try await raw.nextError()?.error.code == .deadlineExceeded)
      await raw.close()
    }
  }
}
