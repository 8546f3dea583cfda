import Foundation
import ProtobufC
import Reactor
import TTRPC
import TTRPCServer
import Testing

@Suite("Client")
struct ClientTests {
  private func echo(
    _ channel: ClientChannel, _ method: String = "Echo", _ options: CallOptions = CallOptions()
  ) async throws -> ProtoAny {
    try await channel.unary(Echo.method(method), ProtoAny(typeUrl: "x"), options)
  }

  private func temporaryPath() -> String {
    "/tmp/ttrpc-client-\(UUID().uuidString.prefix(8)).sock"
  }

  /// A server at `path` for as long as `body` runs.
  private func serve(
    at path: String, _ body: () async throws -> Void
  ) async throws {
    let loops = try EventLoopGroup(count: 1, name: "test")
    let server = Server(
      ServerConfiguration(path: path), services: [Echo(gate: Gate()).definition], on: loops)
    let ready = Completion<Void>()
    let task = Task { try await server.run { ready.succeed(()) } }
    try await ready.value()
    try await body()
    task.cancel()
    try await task.value
    await loops.shutdown()
  }

  @Test("without a server a call fails at once and says where it looked")
  func unreachable() async throws {
    let path = temporaryPath()
    let channel = ClientChannel(ClientConfiguration(path: path))
    for _ in 0..<3 {
      let error = await rpcError { try await echo(channel) }
      #expect(error.code == .unavailable && error.reason == "UNREACHABLE")
      #expect(error.message.contains(path))
      let streaming = await rpcError {
        let _: ResponseStream<ProtoEmpty> = try await channel.serverStreaming(
          Echo.method("Watch"), ProtoEmpty(), CallOptions())
      }
      #expect(streaming.reason == "UNREACHABLE")
    }
    let bad = ClientChannel(ClientConfiguration(path: String(repeating: "x", count: 200)))
    #expect(await rpcError { try await echo(bad) }.code == .unavailable)
  }

  @Test("a call may wait for the server, until its deadline")
  func waits() async throws {
    let path = temporaryPath()
    let channel = ClientChannel(ClientConfiguration(path: path))
    let patient = CallOptions(timeout: .milliseconds(60), whenUnreachable: .wait)
    #expect(await rpcError { try await echo(channel, "Echo", patient) }.code == .deadlineExceeded)
    let stream = await rpcError {
      let _: ResponseStream<ProtoEmpty> = try await channel.serverStreaming(
        Echo.method("Watch"), ProtoEmpty(), patient)
    }
    #expect(stream.code == .deadlineExceeded)
    let unary = Task { try await echo(channel, "Echo", CallOptions(whenUnreachable: .wait)) }
    let count = Task { () -> ResponseStream<ProtoDuration> in
      try await channel.serverStreaming(
        Echo.method("Count"), ProtoDuration(seconds: 1),
        CallOptions(timeout: .seconds(30), whenUnreachable: .wait))
    }
    #expect(await rpcError { try await echo(channel) }.code == .unavailable)
    try await serve(at: path) {
      #expect(try await unary.value.typeUrl == "x")
      for try await message in try await count.value { #expect(message.seconds == 0) }
    }
    await channel.close()
    try FileManager.default.removeItem(atPath: path + ".lock")
  }

  @Test("a client finds a server again that was restarted")
  func reconnects() async throws {
    let path = temporaryPath()
    let channel = ClientChannel(ClientConfiguration(path: path))
    for _ in 0..<3 {
      try await serve(at: path) {
        let first = try await echo(channel, "Echo", CallOptions(whenUnreachable: .wait))
        let second = try await echo(channel)
        #expect(first.typeUrl == "x" && second.typeUrl == "x")
      }
      // Gone: the next call finds out at once, whether the end was noticed before or not.
      #expect(await rpcError { try await echo(channel) }.code == .unavailable)
    }
    await channel.close()
    try FileManager.default.removeItem(atPath: path + ".lock")
  }

  @Test("a call whose connection is lost fails with an unknown outcome and is not sent again")
  func lost() async throws {
    let received = Gate()
    try await RawServer.with({ connection, _, _ in
      received.count()
      connection.socket.close()
    }) { server in
      let channel = ClientChannel(ClientConfiguration(path: server.path))
      let error = await rpcError { try await echo(channel) }
      #expect(error.code == .unavailable && error.reason == "OUTCOME_UNKNOWN")
      let stream: ResponseStream<ProtoEmpty> = try await channel.serverStreaming(
        Echo.method("Watch"), ProtoEmpty(), CallOptions())
      let end = await rpcError { for try await _ in stream {} }
      #expect(end.code == .unavailable && end.reason == "OUTCOME_UNKNOWN")
      #expect(received.seen.counted == 2 && server.connections == 2)
      await channel.close()
    }
  }

  @Test("calls that were not sent when the connection was lost go to the next one")
  func notSent() async throws {
    try await RawServer.with({ connection, header, _ in
      if header.streamID == 1 {
        connection.socket.close()
      } else {
        connection.send(RawClient.frame(.response, stream: header.streamID))
      }
    }) { server in
      var configuration = ClientConfiguration(path: server.path)
      configuration.maxInFlight = 1
      let channel = ClientChannel(configuration)
      await withTaskGroup { group in
        for _ in 0..<5 {
          group.addTask { await rpcError { try await self.echo(channel) }.reason }
        }
        for await reason in group { #expect(reason == "OUTCOME_UNKNOWN") }
      }
      #expect(server.connections == 5)
      await channel.close()
    }
  }

  @Test(
    "what a server must not send fails the call",
    arguments: [
      ("a stream for a unary call", "00000000 00000001 03 00", StatusCode.internal),
      ("no ttrpc.Response", "00000001 00000001 02 00  FF", .internal),
      ("a payload of another type", "00000005 00000001 02 00  12 03 0A 01 FF", .internal),
      ("a status of another type", "00000003 00000001 02 00  0A 01 FF", .internal),
      ("an unknown code", "00000005 00000001 02 00  0A 03 08 F4 03", .unknown),
      ("another protocol", "48545450", .internal),
    ])
  func badServer(what: String, bytes: String, code: StatusCode) async throws {
    try await RawServer.with({ connection, _, _ in connection.send(hex(bytes)) }) { server in
      let channel = ClientChannel(ClientConfiguration(path: server.path))
      #expect(await rpcError { try await echo(channel) }.code == code, "\(what)")
      await channel.close()
    }
  }

  @Test("frames for nobody and of unknown types are dropped; a success may carry a status of 0")
  func strayFrames() async throws {
    try await RawServer.with({ connection, header, _ in
      connection.send(
        hex("00000000 00000063 02 00   00000000 00000063 03 00   00000001 00000001 07 00 AA"))
      connection.send(
        RawClient.frame(.response, stream: header.streamID, hex("0A 00 12 03 0A 01 79")))
    }) { server in
      let channel = ClientChannel(ClientConfiguration(path: server.path))
      for _ in 0..<2 {
        let response = try await echo(channel)
        #expect(response.typeUrl == "y")
      }
      #expect(server.connections == 1)
      await channel.close()
    }
  }

  @Test("a response above 4 MiB fails its call only")
  func oversizeResponse() async throws {
    try await RawServer.with({ connection, header, _ in
      if header.streamID == 1 {
        connection.send(
          RawClient.frame(.response, stream: 1, [UInt8](repeating: 0, count: 4_194_305)))
      } else {
        connection.send(RawClient.frame(.response, stream: header.streamID))
      }
    }) { server in
      let channel = ClientChannel(ClientConfiguration(path: server.path))
      #expect(await rpcError { try await echo(channel) }.code == .resourceExhausted)
      let response = try await echo(channel)
      #expect(response == ProtoAny())
      #expect(server.connections == 1)
      await channel.close()
    }
  }

  @Test(
    "streams of another implementation: how they may end",
    arguments: [
      ("a closing frame with a message", "00000002 00000001 03 01  08 05", [5], nil),
      (
        "a closing frame without", "00000002 00000001 03 00  08 05  00000000 00000001 03 05", [5],
        nil
      ),
      ("an empty response", "00000000 00000001 02 00", [], nil),
      ("a response with a message", "00000004 00000001 02 00  12 02 08 05", [5], nil),
      ("a status", "00000004 00000001 02 00  0A 02 08 05", [], StatusCode.notFound),
    ] as [(String, String, [Int64], StatusCode?)])
  func streamEnds(what: String, bytes: String, seconds: [Int64], code: StatusCode?) async throws {
    try await RawServer.with({ connection, _, _ in connection.send(hex(bytes)) }) { server in
      let channel = ClientChannel(ClientConfiguration(path: server.path))
      let stream: ResponseStream<ProtoDuration> = try await channel.serverStreaming(
        Echo.method("Count"), ProtoDuration(), CallOptions())
      var seen: [Int64] = []
      do {
        for try await message in stream { seen.append(message.seconds) }
        #expect(code == nil)
      } catch let error as RPCError {
        #expect(error.code == code)
      }
      #expect(seen == seconds, "\(what)")
      await channel.close()
    }
  }

  @Test("a client-streaming call that is answered with a stream, or with nothing, fails")
  func badClientStreamingAnswer() async throws {
    for bytes in ["00000000 00000001 03 00", "00000000 00000001 03 05"] {
      try await RawServer.with({ connection, _, _ in connection.send(hex(bytes)) }) { server in
        let channel = ClientChannel(ClientConfiguration(path: server.path))
        let call: ClientStreamingCall<ProtoAny, ProtoAny> = try await channel.clientStreaming(
          Echo.method("Sum"), CallOptions())
        #expect(await rpcError { try await call.response() }.code == .internal)
        await channel.close()
      }
    }
  }

  @Test("a call ends with its deadline, with its task, or with the client")
  func endings() async throws {
    try await World.with { world in
      let channel = world.channel()
      let late = await rpcError {
        try await echo(channel, "Wait", CallOptions(timeout: .milliseconds(20)))
      }
      #expect(late.code == .deadlineExceeded)
      let never = await rpcError { try await echo(channel, "Echo", CallOptions(timeout: .zero)) }
      #expect(never.code == .deadlineExceeded)
      // The first one may have been over before it was sent.
      let arrived = world.gate.seen.arrivals
      let cancelled = Task { await rpcError { try await echo(channel, "Wait") } }
      try await world.gate.until { $0.arrivals > arrived }
      cancelled.cancel()
      #expect(await cancelled.value.code == .cancelled)
      #expect(try await echo(channel).typeUrl == "x")
      let before = world.gate.seen.arrivals
      let closed = Task { await rpcError { try await echo(channel, "Wait") } }
      try await world.gate.until { $0.arrivals > before }
      await channel.close()
      await channel.close()
      #expect(await closed.value.reason == "CLIENT_CLOSED")
      #expect(await rpcError { try await echo(channel) }.reason == "CLIENT_CLOSED")
      let stream = await rpcError {
        let _: ResponseStream<ProtoEmpty> = try await channel.serverStreaming(
          Echo.method("Watch"), ProtoEmpty(), CallOptions())
      }
      #expect(stream.reason == "CLIENT_CLOSED")
    }
  }

  @Test(
    "an answer finds its call, however many have come and gone meanwhile",
    arguments: 1...8 as ClosedRange<UInt64>)
  func matching(seed: UInt64) async throws {
    let held = Guarded<[(UInt32, [UInt8])]>([])
    try await RawServer.with({ connection, header, body in
      // losing the error is right: what is no request is not answered, and the test sees that.
      guard let request = try? TTRPCRequest(serialized: body),
        let message = try? ProtoAny(serialized: request.payload),
        let answer = try? TTRPCResponse(payload: request.payload).serialized()
      else { return }
      var answers = [(header.streamID, answer)]
      if message.typeUrl.hasPrefix("hold") {
        held.withLock { $0.append((header.streamID, answer)) }
        answers = []
      } else if message.typeUrl == "release" {
        var dice = Dice(seed)
        answers += held.withLock { $0 }.shuffled(using: &dice)
      }
      for (stream, answer) in answers {
        connection.send(RawClient.frame(.response, stream: stream, answer))
      }
    }) { server in
      var configuration = ClientConfiguration(path: server.path)
      configuration.maxInFlight = 4
      let channel = ClientChannel(configuration)
      @Sendable func echo(_ text: String) async throws {
        let answer: ProtoAny = try await channel.unary(
          Echo.method("Echo"), ProtoAny(typeUrl: text), CallOptions())
        #expect(answer.typeUrl == text)
      }
      // Eight calls further a number has the place of one that waits.
      try await withThrowingTaskGroup { group in
        var dice = Dice(seed)
        for number in 0..<3 {
          group.addTask { try await echo("hold \(number)") }
          for other in 0..<Int.random(in: 0..<20, using: &dice) { try await echo("\(other)") }
        }
        while held.withLock({ $0.count }) < 3 { try await echo("more") }
        try await echo("release")
        try await group.waitForAll()
      }
      #expect(server.connections == 1)
      await channel.close()
    }
  }

  @Test("a task that is cancelled makes no call")
  func cancelledEarlier() async throws {
    try await World.with { world in
      let channel = world.channel()
      let never = Task {
        while !Task.isCancelled { await Task.yield() }
        return await rpcError { try await echo(channel) }
      }
      never.cancel()
      #expect(await never.value.message == "the call was cancelled; it was not sent")
      #expect(world.server.statistics.callsServed == 0)
    }
  }

  @Test("a call that was cancelled says whether it was sent")
  func cancelledBeforeAndAfter() async throws {
    try await World.with { world in
      let channel = world.channel { $0.maxInFlight = 1 }
      let sent = Task { await rpcError { try await echo(channel, "Wait") } }
      try await world.gate.until { $0.arrivals == 1 }
      let waiting = Task { await rpcError { try await echo(channel, "Wait") } }
      waiting.cancel()
      #expect(await waiting.value.message == "the call was cancelled; it was not sent")
      sent.cancel()
      #expect(await sent.value.message == "the call was cancelled; it may have been carried out")
    }
  }

  @Test("a call on a loop that is over fails at once, cancelled or not")
  func loopIsOver() async throws {
    let loop = try EventLoop(name: "over")
    let channel = ClientChannel(ClientConfiguration(path: temporaryPath()), on: loop)
    await loop.shutdown()
    #expect(await rpcError { try await echo(channel) }.reason == "CLIENT_CLOSED")
    let cancelled = Task { await rpcError { try await echo(channel) } }
    cancelled.cancel()
    #expect(await cancelled.value.code == .cancelled)
  }

  @Test("a call without a connection can be cancelled when its loop is over")
  func loopEnds() async throws {
    let loop = try EventLoop(name: "ends")
    let channel = ClientChannel(ClientConfiguration(path: temporaryPath()), on: loop)
    let options = CallOptions(timeout: .seconds(3600), whenUnreachable: .wait)
    let waiting = Task { await rpcError { try await echo(channel, "Echo", options) } }
    // In the first milliseconds of the call, or before it.
    await loop.run {}
    await loop.shutdown()
    waiting.cancel()
    #expect(await waiting.value.code == .cancelled)
  }

  @Test("closing a client ends its streams and the calls that wait")
  func closeEndsAll() async throws {
    try await World.with { world in
      let channel = world.channel { $0.maxInFlight = 1 }
      let stream: ResponseStream<ProtoEmpty> = try await channel.serverStreaming(
        Echo.method("Watch"), ProtoEmpty(), CallOptions())
      let streaming = Task { await rpcError { for try await _ in stream {} } }
      let first = Task { await rpcError { try await echo(channel, "Wait") } }
      try await world.gate.until { $0.arrivals == 2 }
      let second = Task { await rpcError { try await echo(channel, "Wait") } }
      await channel.close()
      for task in [streaming, first, second] {
        #expect(await task.value.reason == "CLIENT_CLOSED")
      }
    }
  }

  @Test("an idle client closes its connection and opens another when it has something to say")
  func idle() async throws {
    try await World.with { world in
      let channel = world.channel { $0.idleTime = .milliseconds(20) }
      #expect(try await echo(channel).typeUrl == "x")
      let asker = try await world.raw()
      var stream: UInt32 = 1
      while world.server.statistics.openConnections > 1 {
        try await asker.call("Echo", stream: stream, ProtoAny())
        _ = await asker.next()
        stream += 2
      }
      #expect(try await echo(channel).typeUrl == "x")
      await asker.close()
    }
  }

  @Test("a request that cannot travel is refused before it is sent")
  func unsendable() async throws {
    try await World.with { world in
      let channel = world.channel()
      let nul = await rpcError {
        let _: ProtoAny = try await channel.unary(
          Echo.method("Echo"), ProtoAny(typeUrl: "a\0"), CallOptions())
      }
      #expect(nul.code == .invalidArgument && nul.fieldViolations.count == 1)
      let long = await rpcError {
        let _: ProtoAny = try await channel.unary(
          Echo.method("Echo"), ProtoAny(value: [UInt8](repeating: 1, count: 4 << 20)),
          CallOptions())
      }
      #expect(long.code == .resourceExhausted)
      #expect(world.server.statistics.callsServed == 0)
    }
  }

  @Test("a client that is let go closes its connection")
  func letGo() async throws {
    try await World.with { world in
      do {
        let channel = ClientChannel(ClientConfiguration(path: world.path))
        #expect(try await echo(channel).typeUrl == "x")
      }
      try await world.until { $0.server.statistics.openConnections <= 1 }
    }
  }

  @Test("a call may be made on the client's own loop")
  func onLoop() async throws {
    try await World.with { world in
      let loop = world.loops.loops[0]
      let channel = ClientChannel(ClientConfiguration(path: world.path), on: loop)
      let response = try await loop.run { try await echo(channel, "Hop") }
      #expect(response.typeUrl == "x")
      await channel.close()
    }
  }
}
