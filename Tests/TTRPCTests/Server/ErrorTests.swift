import ProtobufC
import TTRPC
import TTRPCServer
import Testing

@Suite("Errors")
struct ErrorTests {
  private func failure(
    _ world: World, _ method: MethodName, _ request: some Message
  ) async -> RPCError {
    await rpcError {
      let _: ProtoEmpty = try await world.channel().unary(method, request, CallOptions())
    }
  }

  @Test("an error of a method arrives with its code, message and details")
  func rpcErrors() async throws {
    try await World.with { world in
      let error = await failure(world, Echo.method("Fail"), ProtoAny(typeUrl: "key 7"))
      #expect(
        error
          == RPCError(
            .notFound, "no key 7",
            details: [
              .resourceInfo(type: "thing", name: "key 7"), .retryInfo(.milliseconds(1500)),
            ]))
      #expect(error.retryDelay == .milliseconds(1500))
      #expect(error.description == "NOT_FOUND: no key 7")
    }
  }

  @Test("a foreign error becomes INTERNAL with an id, and only the log has its text (C8)")
  func foreign() async throws {
    try await World.with { world in
      let error = await failure(world, Echo.method("Fail"), ProtoAny(typeUrl: "foreign"))
      #expect(error.code == .internal)
      let id = try #require(error.requestID)
      #expect(id.count == 16)
      #expect(!"\(error)".contains("hunter2") && "\(error)".contains(id))
      #expect(world.log.text.contains("hunter2") && world.log.text.contains(id))
    }
  }

  @Test("a domain's error converts itself; its cause reaches the log only")
  func domain() async throws {
    try await World.with { world in
      let error = await failure(world, Echo.method("Fail"), ProtoAny(typeUrl: "domain"))
      #expect(error.code == .failedPrecondition && error.reason == "SUSPENDED")
      let id = try #require(error.requestID)
      #expect(world.log.text.contains("hunter2") && world.log.text.contains(id))
    }
  }

  @Test(
    "what else methods throw",
    arguments: [
      ("deadline", StatusCode.deadlineExceeded), ("cancelled", .cancelled), ("nul", .aborted),
      ("long", .aborted),
    ])
  func others(name: String, code: StatusCode) async throws {
    try await World.with { world in
      let error = await failure(world, Echo.method("Fail"), ProtoAny(typeUrl: name))
      #expect(error.code == code)
      // Text that cannot travel, or is too long, is left out; the code always arrives.
      if code == .aborted { #expect(error.message.isEmpty && error.details.isEmpty) }
    }
  }

  @Test(
    "an unknown service or method is UNIMPLEMENTED",
    arguments: [
      MethodName(service: "test.Nobody", method: "Echo"), Echo.method("Unheard"),
      MethodName(service: "", method: ""), MethodName(service: "test.Ech", method: "oEcho"),
      MethodName(service: "test.Echo", method: "echo"),
    ])
  func unimplemented(method: MethodName) async throws {
    try await World.with { world in
      #expect(await failure(world, method, ProtoEmpty()).code == .unimplemented)
    }
  }

  @Test("a payload that cannot be decoded is INVALID_ARGUMENT and names the field")
  func undecodable() async throws {
    try await World.with { world in
      let raw = try await world.raw()
      for (stream, method) in [(1, "Echo"), (3, "Chat"), (5, "Count")] as [(UInt32, String)] {
        // Field 1 is not UTF-8 (Echo, Chat) or not a number (Count).
        await raw.send(
          .request, method == "Chat" ? .remoteOpen : [], stream: stream,
          try RawClient.request(method, payload: [0x0A, 0x01, 0xFF]))
        let answer = try #require(try await raw.nextError())
        #expect(answer.stream == stream)
        #expect(answer.error.code == .invalidArgument)
        #expect(answer.error.fieldViolations.count == 1)
      }
      await raw.close()
    }
  }

  @Test("a response above 4 MiB is RESOURCE_EXHAUSTED on its stream only")
  func oversizeReply() async throws {
    try await World.with { world in
      let channel = world.channel()
      let error = await rpcError {
        let _: ProtoAny = try await channel.unary(
          Echo.method("Grow"), ProtoDuration(seconds: 4 << 20), CallOptions())
      }
      #expect(error.code == .resourceExhausted)
      let largest: ProtoAny = try await channel.unary(
        Echo.method("Grow"), ProtoDuration(seconds: 4 << 20 - 17), CallOptions())
      #expect(largest.value.count == 4 << 20 - 17)
      #expect(world.server.statistics.openConnections == 1)
    }
  }

  @Test("a response that cannot be serialized is INTERNAL, and logged")
  func nulInReply() async throws {
    try await World.with { world in
      #expect(await failure(world, Echo.method("NUL"), ProtoEmpty()).code == .internal)
      #expect(world.log.text.contains("cannot be serialized"))
    }
  }

  @Test("a caller that is not admitted is refused by every method")
  func refused() async throws {
    try await World.with({
      $0.admission = { _ in .refused(RPCError(.permissionDenied, "who are you")) }
    }) { world in
      for method in ["Echo", "Count", "Chat"] {
        #expect(
          await failure(world, Echo.method(method), ProtoEmpty())
            == RPCError(.permissionDenied, "who are you"))
      }
    }
  }

  @Test("the authorisation hook is asked before the request is decoded (C9)")
  func unauthorized() async throws {
    try await World.with({
      $0.admission = { .admitted(principal: $0.userID) }
      $0.authorize = { method, caller throws(RPCError) in
        guard caller.principal as? UInt32 == caller.peer.userID, method.name.method == "Nothing"
        else {
          throw RPCError(.permissionDenied, "not \(method.name)")
        }
      }
    }) { world in
      let raw = try await world.raw()
      await raw.send(.request, stream: 1, try RawClient.request("Echo", payload: [0xFF]))
      #expect(try await raw.nextError()?.error.message == "not test.Echo/Echo")
      try await raw.call("Nothing", stream: 3, ProtoEmpty())
      #expect(
        await raw.next()
          == .init(header: .init(dataLength: 0, streamID: 3, type: .response), body: []))
      await raw.close()
    }
  }
}
