import ProtobufC
import TTRPC
import Testing

@Suite("Bounds of a client")
struct ClientBoundTests {
  private func echo(
    _ channel: ClientChannel, _ method: String = "Echo", _ options: CallOptions = CallOptions()
  ) async throws -> ProtoAny {
    try await channel.unary(Echo.method(method), ProtoAny(typeUrl: "x"), options)
  }

  @Test("calls in flight are bounded, and so are those that wait")
  func bounds() async throws {
    try await World.with { world in
      let channel = world.channel {
        $0.maxInFlight = 2
        $0.maxWaiting = 3
      }
      let outcomes = Gate()
      try await withThrowingTaskGroup { group in
        for _ in 0..<8 {
          group.addTask {
            do {
              _ = try await echo(channel, "Wait")
              outcomes.count()
            } catch {
              #expect((error as? RPCError)?.code == .resourceExhausted)
              outcomes.cancelled()
            }
          }
        }
        try await outcomes.until { $0.cancellations == 3 }
        try await world.gate.until { $0.arrivals == 2 }
        try await world.roundTrips()
        #expect(world.gate.seen.arrivals == 2)
        world.gate.open()
        try await group.waitForAll()
      }
      #expect(outcomes.seen.counted == 5 && outcomes.seen.cancellations == 3)
    }
  }

  @Test("a call that waits for its turn ends with its deadline or its task")
  func waitingEnds() async throws {
    try await World.with { world in
      let channel = world.channel { $0.maxInFlight = 1 }
      let first = Task { try await echo(channel, "Wait") }
      try await world.gate.until { $0.arrivals == 1 }
      let waiting = (0..<100).map { _ in Task { await rpcError { try await echo(channel) } } }
      let late = await rpcError {
        try await echo(channel, "Echo", CallOptions(timeout: .milliseconds(20)))
      }
      #expect(late.code == .deadlineExceeded)
      for task in waiting { task.cancel() }
      for task in waiting { #expect(await task.value.code == .cancelled) }
      world.gate.open()
      #expect(try await first.value.typeUrl == "x")
      #expect(try await echo(channel).typeUrl == "x")
    }
  }

  @Test("streams of a client are bounded")
  func streamBound() async throws {
    try await World.with { world in
      let channel = world.channel { $0.maxStreams = 1 }
      let first: ResponseStream<ProtoEmpty> = try await channel.serverStreaming(
        Echo.method("Watch"), ProtoEmpty(), CallOptions())
      let error = await rpcError {
        let _: ResponseStream<ProtoEmpty> = try await channel.serverStreaming(
          Echo.method("Watch"), ProtoEmpty(), CallOptions())
      }
      #expect(error.code == .resourceExhausted)
      world.gate.open()
      for try await _ in first {}
      let again: ResponseStream<ProtoDuration> = try await channel.serverStreaming(
        Echo.method("Count"), ProtoDuration(), CallOptions(whenUnreachable: .wait))
      for try await _ in again {}
    }
  }
}
