import ProtobufC
import TTRPC
import TTRPCServer
import Testing

@Suite("Streaming calls")
struct StreamingTests {
  @Test("a stream of responses arrives in order and ends", arguments: [0, 1, 2, 1_000])
  func serverStreaming(count: Int64) async throws {
    try await World.with { world in
      let stream: ResponseStream<ProtoDuration> = try await world.channel().serverStreaming(
        Echo.method("Count"), ProtoDuration(seconds: count), CallOptions())
      var next: Int64 = 0
      for try await message in stream {
        #expect(message.seconds == next)
        next += 1
      }
      #expect(next == count)
    }
  }

  @Test("a stream that fails delivers what came before, then the status")
  func failingStream() async throws {
    try await World.with { world in
      let stream: ResponseStream<ProtoDuration> = try await world.channel().serverStreaming(
        Echo.method("Count"), ProtoDuration(seconds: 3, nanos: 1), CallOptions())
      var iterator = stream.makeAsyncIterator()
      for number in 0..<3 as Range<Int64> { #expect(try await iterator.next()?.seconds == number) }
      let error = await rpcError { try await iterator.next() }
      #expect(error == RPCError(.outOfRange, "that is all"))
    }
  }

  @Test("a stream of requests gets one response", arguments: [0, 1, 500])
  func clientStreaming(count: Int64) async throws {
    try await World.with { world in
      let call: ClientStreamingCall<ProtoDuration, ProtoDuration> =
        try await world.channel().clientStreaming(Echo.method("Sum"), CallOptions())
      for number in 0..<count { try await call.requests.write(ProtoDuration(seconds: number)) }
      await call.requests.finish()
      await call.requests.finish()
      #expect(try await call.response().seconds == count * (count - 1) / 2)
      let error = await rpcError { try await call.requests.write(ProtoDuration()) }
      #expect(error.code == .failedPrecondition)
    }
  }

  @Test("both sides may stream at the same time")
  func bidirectional() async throws {
    try await World.with { world in
      let call: BidirectionalCall<ProtoAny, ProtoAny> =
        try await world.channel().bidirectional(Echo.method("Chat"), CallOptions())
      var iterator = call.responses.makeAsyncIterator()
      for size in [0, 1, 127, 128, 70_000, 3_000_000] {
        let message = ProtoAny(typeUrl: "\(size)", value: [UInt8](repeating: 3, count: size))
        try await call.requests.write(message)
        #expect(try await iterator.next() == message)
      }
      // An empty message is a message.
      try await call.requests.write(ProtoAny())
      #expect(try await iterator.next() == ProtoAny())
      await call.requests.finish()
      #expect(try await iterator.next() == nil)
      #expect(try await iterator.next() == nil)
    }
  }

  @Test("a server may answer before its client has finished")
  func earlyAnswer() async throws {
    try await World.with { world in
      let call: ClientStreamingCall<ProtoDuration, ProtoDuration> =
        try await world.channel().clientStreaming(Echo.method("First"), CallOptions())
      try await call.requests.write(ProtoDuration(seconds: 7))
      #expect(try await call.response().seconds == 7)
      #expect(
        await rpcError { try await call.requests.write(ProtoDuration()) }.code == .cancelled)
      await call.requests.finish()
    }
  }

  @Test("data that was on its way to a stream that was answered is no violation")
  func lateData() async throws {
    try await World.with({ $0.limits.maxViolations = 1 }) { world in
      let raw = try await world.raw()
      try await raw.call("First", stream: 1, ProtoDuration(seconds: 9), flags: .remoteOpen)
      #expect(await raw.next()?.header.type == .response)
      let late = try ProtoDuration(seconds: 1).serialized()
      for _ in 0..<5 { await raw.send(.data, stream: 1, late) }
      await raw.send(.data, [.remoteClosed, .noData], stream: 1)
      try await raw.call("Echo", stream: 3, ProtoAny())
      #expect(await raw.next()?.header.streamID == 3)
      await raw.close()
    }
  }

  @Test("the last message may come with the flag that ends the stream, or before it")
  func closingFlags() async throws {
    try await World.with { world in
      let raw = try await world.raw()
      let two = try ProtoDuration(seconds: 2).serialized()
      try await raw.call("Sum", stream: 1, ProtoDuration(seconds: 1), flags: .remoteOpen)
      await raw.send(.data, .noData, stream: 1)
      await raw.send(.data, .remoteClosed, stream: 1, two)
      #expect(try await sum(raw) == 3)
      try await raw.call("Sum", stream: 3, ProtoDuration(), flags: [.remoteOpen, .noData])
      await raw.send(.data, stream: 3, two)
      await raw.send(.data, [.remoteClosed, .noData], stream: 3)
      #expect(try await sum(raw) == 2)
      // A request that is not open is the whole stream, with its payload if it has one.
      try await raw.call("Sum", stream: 5, ProtoDuration(seconds: 5))
      #expect(try await sum(raw) == 5)
      try await raw.call("Sum", stream: 7, ProtoDuration(), flags: .remoteClosed)
      #expect(try await sum(raw) == 0)
      await raw.close()
    }
  }

  private func sum(_ raw: RawClient) async throws -> Int64? {
    guard let frame = await raw.next() else { return nil }
    #expect(frame.header.type == .response && frame.header.flags == [])
    return try ProtoDuration(serialized: TTRPCResponse(serialized: frame.body).payload).seconds
  }

  @Test("a slow reader makes the writer wait (K13)")
  func serverBackpressure() async throws {
    try await World.with { world in
      let raw = try await world.raw()
      await raw.pauseReading()
      try await raw.call("Flood", stream: 1, ProtoDuration(seconds: 200), flags: .remoteClosed)
      try await world.gate.until { $0.counted >= 3 }
      try await world.roundTrips()
      #expect(world.gate.seen.counted < 20)
      await raw.resumeReading()
      var frames = 0
      while let frame = await raw.next(), !frame.header.flags.contains(.remoteClosed) {
        frames += 1
      }
      #expect(frames == 200)
      await raw.close()
    }
  }

  @Test("a writer goes on when its messages are sent, though others have answered meanwhile")
  func noLostWakeUp() async throws {
    try await World.with({ $0.limits.streamOutboundMark = 1 }) { world in
      let raw = try await world.raw()
      let loop = raw.socket.loop
      let count = RawClient.frame(
        .request, .remoteClosed, stream: 1,
        try RawClient.request("Count", payload: ProtoDuration(seconds: 3).serialized()))
      let echo = RawClient.frame(
        .request, stream: 3, try RawClient.request("Echo", payload: [0x0A, 1, 65]))
      // The second request is read in the turn after the first one's answer has left.
      await loop.run {
        raw.socket.withOutput { $0 += count }
        raw.socket.flush()
        loop.atEndOfTurn {
          loop.submit {
            raw.socket.withOutput { $0 += echo }
            raw.socket.flush()
          }
        }
      }
      try await world.roundTrips()
      try await raw.call("Echo", stream: 5, ProtoAny())
      var streams: [UInt32] = []
      while let id = await raw.next()?.header.streamID, id != 5 { streams.append(id) }
      #expect(streams.filter { $0 == 1 }.count == 4 && streams.contains(3))
      await raw.close()
    }
  }

  @Test("a consumer that takes its time makes the server wait")
  func clientBackpressure() async throws {
    try await World.with { world in
      let stream: ResponseStream<ProtoAny> = try await world.channel().serverStreaming(
        Echo.method("Flood"), ProtoDuration(seconds: 300), CallOptions())
      var iterator = stream.makeAsyncIterator()
      #expect(try await iterator.next() != nil)
      try await world.roundTrips()
      #expect(world.gate.seen.counted < 100)
      var count = 1
      while try await iterator.next() != nil { count += 1 }
      #expect(count == 300)
    }
  }

  @Test("a slow handler makes the client's writer wait, and gets everything")
  func handlerBackpressure() async throws {
    try await World.with { world in
      let call: BidirectionalCall<ProtoAny, ProtoAny> =
        try await world.channel().bidirectional(Echo.method("Chat"), CallOptions())
      let message = ProtoAny(value: [UInt8](repeating: 1, count: 65_536))
      try await withThrowingTaskGroup { group in
        group.addTask {
          for _ in 0..<200 { try await call.requests.write(message) }
          await call.requests.finish()
        }
        group.addTask {
          var count = 0
          for try await response in call.responses {
            #expect(response == message)
            count += 1
          }
          #expect(count == 200)
        }
        try await group.waitForAll()
      }
    }
  }

  @Test("a message above 4 MiB is refused where it is written, and the stream goes on")
  func oversizeMessage() async throws {
    try await World.with { world in
      let call: BidirectionalCall<ProtoAny, ProtoAny> =
        try await world.channel().bidirectional(Echo.method("Chat"), CallOptions())
      let tooLong = ProtoAny(value: [UInt8](repeating: 1, count: 4 << 20))
      #expect(await rpcError { try await call.requests.write(tooLong) }.code == .resourceExhausted)
      #expect(
        await rpcError { try await call.requests.write(ProtoAny(typeUrl: "a\0b")) }.code
          == .invalidArgument)
      try await call.requests.write(ProtoAny(typeUrl: "x"))
      var iterator = call.responses.makeAsyncIterator()
      #expect(try await iterator.next()?.typeUrl == "x")
      await call.requests.finish()
    }
  }

  @Test("letting go of a stream cancels its handler")
  func letGo() async throws {
    try await World.with { world in
      let channel = world.channel()
      do {
        let stream: ResponseStream<ProtoEmpty> = try await channel.serverStreaming(
          Echo.method("Watch"), ProtoEmpty(), CallOptions())
        for try await _ in stream { break }
      }
      try await world.gate.until { $0.cancellations == 1 }
    }
  }

  @Test("a stream has its own deadline and is cancelled with its task")
  func clientSideEnds() async throws {
    try await World.with { world in
      let channel = world.channel()
      let stream: ResponseStream<ProtoEmpty> = try await channel.serverStreaming(
        Echo.method("Watch"), ProtoEmpty(), CallOptions(timeout: .milliseconds(30)))
      let error = await rpcError { for try await _ in stream {} }
      #expect(error.code == .deadlineExceeded)
      let other: ResponseStream<ProtoEmpty> = try await channel.serverStreaming(
        Echo.method("Watch"), ProtoEmpty(), CallOptions())
      let first = Gate()
      let task = Task {
        await rpcError {
          for try await _ in other { first.count() }
        }
      }
      try await first.until { $0.counted == 1 }
      task.cancel()
      #expect(await task.value.code == .cancelled)
    }
  }

  @Test("a message that cannot be decoded ends its stream only")
  func undecodable() async throws {
    try await World.with { world in
      let raw = try await world.raw()
      try await raw.call("Chat", stream: 1, ProtoAny(), flags: [.remoteOpen, .noData])
      await raw.send(.data, stream: 1, [0x0A, 0x01, 0xFF])
      let answer = try #require(try await raw.nextError())
      #expect(answer.stream == 1 && answer.error.code == .invalidArgument)
      #expect(answer.error.fieldViolations.first?.field == "type_url")
      try await raw.call("Echo", stream: 3, ProtoAny())
      #expect(await raw.next()?.header.streamID == 3)
      await raw.close()
    }
  }
}
