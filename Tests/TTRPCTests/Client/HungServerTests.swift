import ProtobufC
import Reactor
import Synchronization
import TTRPC
import Testing

/// A server that takes connections and then takes nothing, or takes its time.
@Suite("Hung servers")
struct HungServerTests {
  @Test("calls to a server that reads nothing expire unsent and are not carried out later")
  func expireUnsent() async throws {
    let hanging = Guarded<RawServer.Connection?>(nil)
    // It holds the script that holds this.
    defer { hanging.withLock { $0 = nil } }
    let isAwake = Flag()
    let count = Atomic<Int>(0)
    try await RawServer.with({ connection, header, _ in
      count.add(1, ordering: .relaxed)
      if isAwake.isRaised {
        connection.send(RawClient.frame(.response, stream: header.streamID))
      } else {
        hanging.withLock { $0 = connection }
        connection.socket.pauseReading()
      }
    }) { server in
      var configuration = ClientConfiguration(path: server.path)
      configuration.maxInFlight = 10_000
      let channel = ClientChannel(configuration)
      let request = ProtoAny(value: [UInt8](repeating: 1, count: 10_000))
      let errors = await withTaskGroup { group in
        for _ in 0..<1_000 {
          group.addTask {
            await rpcError {
              let _: ProtoAny = try await channel.unary(
                Echo.method("Echo"), request, CallOptions(timeout: .milliseconds(300)))
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(Set(errors.map(\.code)) == [.deadlineExceeded])
      // What was not sent was not carried out, and the caller is told.
      #expect(errors.count { $0.message.contains("not sent") } > 900)
      let connection = try #require(hanging.withLock { $0 })
      isAwake.raise()
      await connection.socket.loop.run { connection.socket.resumeReading() }
      let response: ProtoAny = try await channel.unary(
        Echo.method("Echo"), ProtoAny(), CallOptions())
      #expect(response == ProtoAny())
      // The kernel's buffer, ours, and what was in the server's hands: of ten megabytes.
      let carriedOut = count.load(ordering: .relaxed)
      #expect(carriedOut < 100)
      await channel.close()
    }
  }

  @Test("a call tells the server what is left of its time when it is sent")
  func timeLeft() async throws {
    let first = Guarded<RawServer.Connection?>(nil)
    defer { first.withLock { $0 = nil } }
    let times = Guarded<[Int64]>([])
    try await RawServer.with({ connection, header, body in
      times.withLock { $0.append((try? TTRPCRequest(serialized: body).timeoutNano) ?? 0) }
      if header.streamID == 1 {
        first.withLock { $0 = connection }
      } else {
        connection.send(RawClient.frame(.response, stream: header.streamID))
      }
    }) { server in
      var configuration = ClientConfiguration(path: server.path)
      configuration.maxInFlight = 1
      configuration.maxWaiting = 1
      let channel = ClientChannel(configuration)
      let time = CallOptions(timeout: .seconds(100))
      let call: @Sendable () async throws -> ProtoAny = {
        try await channel.unary(Echo.method("Echo"), ProtoAny(typeUrl: "x"), time)
      }
      let refused = Gate()
      try await withThrowingTaskGroup { group in
        group.addTask { _ = try await call() }
        while first.withLock({ $0 == nil }) { await Task.yield() }
        for _ in 0..<2 {
          group.addTask {
            do {
              _ = try await call()
            } catch {
              #expect((error as? RPCError)?.code == .resourceExhausted)
              refused.count()
            }
          }
        }
        // There was no room for one of them: the other waits.
        try await refused.until { $0.counted == 1 }
        let start = ContinuousClock.now
        while start.duration(to: .now) < .milliseconds(20) { await Task.yield() }
        let connection = try #require(first.withLock { $0 })
        await connection.socket.loop.run {
          connection.send(RawClient.frame(.response, stream: 1))
        }
        try await group.waitForAll()
      }
      let seen = times.withLock { $0 }
      #expect(seen.count == 2)
      #expect(seen[0] > 0 && seen[0] < 100_000_000_000)
      #expect(seen[1] > 0 && seen[1] < 100_000_000_000 - 20_000_000)
      await channel.close()
    }
  }
}
