import ProtobufC
import Reactor
import TTRPC
import TTRPCServer
import Testing

@Suite("Unary calls")
struct UnaryTests {
  @Test("a request of any size comes back as its response")
  func echo() async throws {
    try await World.with { world in
      let channel = world.channel()
      for size in [0, 1, 100, 127, 128, 129, 16_383, 16_384, 70_000, 3_000_000] {
        let request = ProtoAny(typeUrl: "x", value: [UInt8](repeating: 5, count: size))
        let response: ProtoAny = try await channel.unary(
          Echo.method("Echo"), request, CallOptions())
        #expect(response == request)
      }
      let _: ProtoEmpty = try await channel.unary(
        Echo.method("Nothing"), ProtoEmpty(), CallOptions())
    }
  }

  @Test("a method knows who calls, what, with which metadata, until when, and lives on the loop")
  func context() async throws {
    try await World.with({ $0.admission = { .admitted(principal: "user \($0.userID)") } }) {
      world in
      var metadata: Metadata = ["b": "1", "a": "2"]
      metadata.append("3", for: "b")
      let described: ProtoAny = try await world.channel().unary(
        Echo.method("Describe"), ProtoEmpty(), CallOptions(metadata: metadata))
      let parts = described.typeUrl.split(separator: "|").map(String.init)
      #expect(parts[0] == "test.Echo/Describe")
      #expect(parts[1] == "\(processID())")
      #expect(parts[2] == "user \(userID())")
      #expect(parts[3] == "b=1,a=2,b=3")
      #expect(parts[4] == "true" && parts[5] == "true")
      #expect(described.value == Array("true".utf8))
    }
  }

  @Test("a context that a method keeps stays that of its call, whatever is called next")
  func keptContext() async throws {
    try await World.with { world in
      let raw = try await world.raw()
      let timeouts: [Int64] = [9_000_000_000, 0, 5_000_000_000, 0]
      var frames: [UInt8] = []
      for (index, timeout) in timeouts.enumerated() {
        let name = index % 2 == 0 ? "Keep" : "Nothing"
        frames += try RawClient.frame(
          .request, stream: UInt32(index) * 2 + 1,
          RawClient.request(name, payload: [], timeout: timeout))
      }
      await raw.send(frames)
      for index in 0..<4 { #expect(await raw.next()?.header.streamID == UInt32(index) * 2 + 1) }
      let kept = world.gate.kept
      #expect(kept.map(\.method.method) == ["Keep", "Keep"])
      #expect(kept[0] !== kept[1] && kept[0].requestID != kept[1].requestID)
      #expect(kept[0].deadline.remaining > .seconds(6))
      #expect(kept[1].deadline.remaining < .seconds(6))
      await raw.close()
    }
  }

  @Test("a call knows nothing of the one before it")
  func freshContext() async throws {
    try await World.with { world in
      let channel = world.channel()
      for metadata: Metadata in [["a": "1"], [:], ["b": "2"], [:], [:]] {
        let described: ProtoAny = try await channel.unary(
          Echo.method("Describe"), ProtoEmpty(), CallOptions(metadata: metadata))
        let parts = described.typeUrl.split(separator: "|", omittingEmptySubsequences: false)
        #expect(parts[0] == "test.Echo/Describe")
        #expect(parts[3] == metadata.entries.map { "\($0.key)=\($0.value)" }.joined())
        let _: ProtoEmpty = try await channel.unary(
          Echo.method("Nothing"), ProtoEmpty(), CallOptions())
      }
    }
  }

  @Test("answers come in the order handlers finish, not in that of the requests")
  func outOfOrder() async throws {
    try await World.with { world in
      let raw = try await world.raw()
      try await raw.call("Wait", stream: 1, ProtoAny(typeUrl: "slow"))
      try await raw.call("Echo", stream: 3, ProtoAny(typeUrl: "fast"))
      #expect(await raw.next()?.header.streamID == 3)
      world.gate.open()
      #expect(await raw.next()?.header.streamID == 1)
      await raw.close()
    }
  }

  @Test("a thousand calls at the same time on one connection are all answered")
  func thousand() async throws {
    try await World.with(loops: 2) { world in
      let channel = world.channel { $0.maxInFlight = 1_000 }
      try await withThrowingTaskGroup { group in
        for number in 0..<1_000 {
          group.addTask {
            let request = ProtoAny(
              typeUrl: "\(number)", value: [UInt8](repeating: 1, count: number * 10))
            let response: ProtoAny = try await channel.unary(
              Echo.method(number % 2 == 0 ? "Hop" : "Echo"), request, CallOptions())
            #expect(response == request)
          }
        }
        try await group.waitForAll()
      }
      let statistics = world.server.statistics
      #expect(statistics.callsServed == 1_000 && statistics.callsInFlight == 0)
      #expect(statistics.openConnections == 1)
    }
  }

  @Test("connections are spread over the loops")
  func spread() async throws {
    try await World.with(loops: 2) { world in
      var raws: [RawClient] = []
      for _ in 0..<4 {
        let raw = try await world.raw()
        try await raw.call("Describe", stream: 1, ProtoEmpty())
        _ = await raw.next()
        raws.append(raw)
      }
      #expect(world.server.statistics.openConnections == 4)
      #expect(world.server.connectionsPerLoop == [2, 2])
      for raw in raws { await raw.close() }
    }
  }

  @Test("the running call counts itself")
  func statistics() async throws {
    try await World.with { world in
      let raw = try await world.raw()
      try await raw.call("Wait", stream: 1, ProtoAny())
      try await world.gate.until { $0.arrivals == 1 }
      #expect(world.server.statistics.callsInFlight == 1)
      world.gate.open()
      _ = await raw.next()
      #expect(world.server.statistics.callsInFlight == 0)
      await raw.close()
    }
  }

  @Test("requests cut at any byte are put together again")
  func pieces() async throws {
    try await World.with { world in
      let raw = try await world.raw()
      var stream: UInt32 = 1
      let body = try RawClient.request("Echo", payload: ProtoAny(typeUrl: "abc").serialized())
      for cut in 1..<(body.count + 10) {
        let bytes = RawClient.frame(.request, stream: stream, body)
        await raw.send(Array(bytes[..<cut]))
        // A call on another connection makes sure that the server has seen the first part alone.
        try await world.roundTrips(1)
        await raw.send(Array(bytes[cut...]))
        #expect(await raw.next()?.header.streamID == stream)
        stream += 2
      }
      await raw.close()
    }
  }
}
