import Foundation
import ProtobufC
import Reactor
import TTRPC
import TTRPCServer
import Testing

@Suite("Stopping a server")
struct StoppingTests {
  @Test("draining lets calls finish, refuses new ones and removes the socket")
  func drain() async throws {
    try await World.with { world in
      let busy = try await world.raw()
      let idle = try await world.raw()
      try await idle.call("Echo", stream: 1, ProtoAny())
      #expect(await idle.next() != nil)
      try await busy.call("Wait", stream: 1, ProtoAny())
      try await world.gate.until { $0.arrivals == 1 }
      world.server.drain(within: .seconds(30))
      #expect(await idle.untilClosed().isEmpty)
      #expect(!FileManager.default.fileExists(atPath: world.path))
      try await busy.call("Echo", stream: 3, ProtoAny())
      let answer = try #require(try await busy.nextError())
      #expect(answer.stream == 3 && answer.error.code == .unavailable)
      #expect(answer.error.reason == "SHUTTING_DOWN")
      let error = await rpcError {
        let _: ProtoAny = try await world.channel().unary(
          Echo.method("Echo"), ProtoAny(), CallOptions())
      }
      #expect(error.code == .unavailable && error.reason == "UNREACHABLE")
      world.gate.open()
      #expect(await busy.untilClosed().map(\.header.streamID) == [1])
    }
  }

  @Test("what is not finished in time is answered and cancelled")
  func overdue() async throws {
    try await World.with { world in
      let raw = try await world.raw()
      try await raw.call("Wait", stream: 1, ProtoAny())
      try await raw.call("Watch", stream: 3, ProtoEmpty(), flags: .remoteClosed)
      #expect(await raw.next()?.header.type == .data)
      world.server.drain(within: .milliseconds(20))
      let rest = await raw.untilClosed()
      #expect(Set(rest.map(\.header.streamID)) == [1, 3])
      for frame in rest { #expect(try frame.error?.reason == "SHUTTING_DOWN") }
      try await world.gate.until { $0.cancellations == 1 }
    }
  }

  @Test("answers are sent as long as the client takes them (C10)")
  func slowReader() async throws {
    try await World.with({
      $0.limits.halfClosedTime = .seconds(5)
      $0.limits.outboundMark = 32 << 20
    }) { world in
      let raw = try await world.raw()
      await raw.pauseReading()
      for stream in stride(from: 1, through: 31, by: 2) as StrideThrough<UInt32> {
        try await raw.call("Grow", stream: stream, ProtoDuration(seconds: 1 << 20))
      }
      try await world.roundTrips()
      world.server.drain(within: .seconds(60))
      // An answer now and then: all of them take longer than a client may be silent.
      for stream in stride(from: 1, through: 31, by: 2) as StrideThrough<UInt32> {
        await raw.resumeReading()
        #expect(await raw.next()?.header.streamID == stream)
        await raw.pauseReading()
        let taken = ContinuousClock.now
        while taken.duration(to: .now) < .milliseconds(400) { await raw.sent() }
      }
      await raw.resumeReading()
      #expect(await raw.untilClosed().isEmpty)
    }
  }

  @Test("a client that takes no answers does not hold up a stop")
  func deafReader() async throws {
    try await World.with({ $0.limits.halfClosedTime = .milliseconds(20) }) { world in
      let raw = try await world.raw()
      await raw.pauseReading()
      try await raw.call("Grow", stream: 1, ProtoDuration(seconds: 3 << 20))
      try await world.roundTrips()
      world.server.drain(within: .seconds(3600))
      while world.server.statistics.openConnections > 0 { await Task.yield() }
      await raw.close()
    }
  }

  @Test("draining again with less time cuts the drain short")
  func hurried() async throws {
    try await World.with { world in
      let raw = try await world.raw()
      try await raw.call("Watch", stream: 1, ProtoEmpty(), flags: .remoteClosed)
      #expect(await raw.next()?.header.type == .data)
      try await world.gate.until { $0.arrivals == 1 }
      world.server.drain(within: .seconds(3600))
      world.server.drain(within: .zero)
      let rest = await raw.untilClosed()
      #expect(rest.map(\.header.streamID) == [1])
      for frame in rest { #expect(try frame.error?.reason == "SHUTTING_DOWN") }
      try await world.gate.until { $0.cancellations == 1 }
    }
  }

  @Test("cancelling the task stops the server at once")
  func cancel() async throws {
    let loops = try EventLoopGroup(count: 2, name: "test")
    let path = "/tmp/ttrpc-cancel-\(UUID().uuidString.prefix(8)).sock"
    let gate = Gate()
    let server = Server(
      ServerConfiguration(path: path), services: [Echo(gate: gate).definition], on: loops)
    let ready = Completion<Void>()
    let task = Task { try await server.run { ready.succeed(()) } }
    try await ready.value()
    let raw = try await RawClient(path: path, on: loops.loops[0])
    try await raw.call("Wait", stream: 1, ProtoAny())
    try await gate.until { $0.arrivals == 1 }
    task.cancel()
    #expect(try await raw.nextError()?.error.code == .unavailable)
    try await task.value
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(server.statistics.openConnections == 0 && server.statistics.callsInFlight == 0)
    await loops.shutdown()
    try FileManager.default.removeItem(atPath: path + ".lock")
  }

  @Test("a handler that ignores its cancellation is left behind, and logged")
  func stubborn() async throws {
    try await World.with(grace: .milliseconds(20)) { world in
      let raw = try await world.raw()
      try await raw.call("Stubborn", stream: 1, ProtoAny())
      try await world.gate.until { $0.arrivals == 1 }
      world.server.drain(within: .zero)
      #expect(try await raw.nextError()?.error.code == .unavailable)
      #expect(await raw.untilClosed().isEmpty)
      // `World.with` fails unless run() returns although the handler has not.
      while !world.log.text.contains("ignore their cancellation") { await Task.yield() }
    }
  }

  @Test("a path that is in use is a typed error")
  func inUse() async throws {
    try await World.with { world in
      let second = Server(
        ServerConfiguration(path: world.path), services: [], on: world.loops)
      await #expect(throws: ListenError.self) { try await second.run() }
      let _: ProtoAny = try await world.channel().unary(
        Echo.method("Echo"), ProtoAny(), CallOptions())
    }
  }
}
