import ProtobufC
import TTRPC
import TTRPCServer
import Testing

/// Clients that break the protocol, each beside one that does not and must notice nothing.
@Suite("Misbehaving clients")
struct MisbehaviourTests {
  /// Sends `bytes` and expects INVALID_ARGUMENT on `stream`, and the connection to live on.
  private func expectInvalid(
    _ raw: RawClient, _ bytes: [UInt8], stream: UInt32, then next: UInt32
  ) async throws {
    await raw.send(bytes)
    let answer = try #require(try await raw.nextError())
    #expect(answer.stream == stream && answer.error.code == .invalidArgument)
    try await raw.call("Echo", stream: next, ProtoAny(typeUrl: "still here"))
    #expect(await raw.next()?.header.streamID == next)
  }

  @Test("stream ids that are even, zero, used or decreasing", arguments: [0, 2, 0xFFFF_FFFE, 5, 3])
  func badIDs(id: UInt32) async throws {
    try await World.with { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        try await raw.call("Echo", stream: 5, ProtoAny())
        #expect(await raw.next()?.header.streamID == 5)
        let request = try RawClient.request("Echo", payload: [])
        try await expectInvalid(
          raw, RawClient.frame(.request, stream: id, request), stream: id, then: 7)
        await raw.close()
      }
    }
  }

  @Test(
    "a data frame on a unary call in flight ends that call (the frame that kills Go's server)",
    arguments: [FrameFlags(), .remoteClosed, .noData, [.remoteClosed, .noData]])
  func dataOnUnary(flags: FrameFlags) async throws {
    try await World.with { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        try await raw.call("Wait", stream: 1, ProtoAny())
        try await expectInvalid(
          raw, RawClient.frame(.data, flags, stream: 1), stream: 1, then: 3)
        // The handler was cancelled; its stream was answered once and stays so.
        try await world.until { $0.server.statistics.callsInFlight <= 2 }
        await raw.close()
      }
    }
  }

  @Test("data on a stream that is unknown, finished or closed by its client")
  func dataOutOfPlace() async throws {
    try await World.with { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        try await expectInvalid(raw, RawClient.frame(.data, stream: 9), stream: 9, then: 11)
        try await expectInvalid(raw, RawClient.frame(.data, stream: 11), stream: 11, then: 13)
        try await expectInvalid(raw, RawClient.frame(.data, stream: 2), stream: 2, then: 15)
        try await raw.call("Ignore", stream: 17, ProtoAny(), flags: .remoteClosed)
        try await expectInvalid(raw, RawClient.frame(.data, stream: 17), stream: 17, then: 19)
        await raw.close()
      }
    }
  }

  @Test("a used id takes the call with it that it collides with")
  func collision() async throws {
    try await World.with { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        try await raw.call("Wait", stream: 1, ProtoAny())
        let request = try RawClient.request("Echo", payload: [])
        try await expectInvalid(
          raw, RawClient.frame(.request, stream: 1, request), stream: 1, then: 3)
        world.gate.open()
        try await raw.call("Echo", stream: 5, ProtoAny())
        #expect(await raw.next()?.header.streamID == 5)
        await raw.close()
      }
    }
  }

  @Test("frames of unknown types and flags are ignored, as are responses")
  func unknownFrames() async throws {
    try await World.with { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        for type in [0, 2, 4, 0x7F, 0xFF] as [UInt8] {
          await raw.send(FrameType(rawValue: type), stream: 1, [1, 2, 3])
        }
        let request = try RawClient.request("Nothing", payload: [])
        await raw.send(.request, FrameFlags(rawValue: 0xF8), stream: 1, request)
        #expect(await raw.next()?.header.streamID == 1)
        await raw.close()
      }
    }
  }

  @Test("a request that is no ttrpc.Request is answered on its stream")
  func malformedEnvelope() async throws {
    try await World.with { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        try await expectInvalid(
          raw, RawClient.frame(.request, stream: 1, [0xFF]), stream: 1, then: 3)
        let metadata = TTRPCRequest(
          service: Echo.name, method: "Echo",
          metadata: (0..<65).map { TTRPCKeyValue(key: "\($0)", value: "") })
        try await expectInvalid(
          raw, RawClient.frame(.request, stream: 5, metadata.serialized()), stream: 5, then: 7)
        await raw.close()
      }
    }
  }

  @Test("an open request that was refused may still be followed by its data")
  func refusedOpen() async throws {
    try await World.with({ $0.limits.maxViolations = 1 }) { world in
      let raw = try await world.raw()
      await raw.send(
        .request, .remoteOpen, stream: 1, try RawClient.request("Unheard", payload: []))
      #expect(try await raw.nextError()?.error.code == .unimplemented)
      await raw.send(.data, stream: 1, [1])
      await raw.send(.data, .remoteClosed, stream: 1, [1])
      try await raw.call("Echo", stream: 3, ProtoAny())
      #expect(await raw.next()?.header.streamID == 3)
      await raw.close()
    }
  }

  @Test("a first byte that is not zero closes the connection; what runs is cancelled")
  func reservedByte() async throws {
    try await World.with { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        try await raw.call("Watch", stream: 1, ProtoEmpty(), flags: .remoteClosed)
        #expect(await raw.next()?.header.type == .data)
        await raw.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        #expect(await raw.untilClosed().isEmpty)
        try await world.gate.until { $0.cancellations == 1 }
      }
    }
  }

  @Test("a frame between 4 and 16 MiB is drained and refused on its stream")
  func oversized() async throws {
    try await World.with { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        let length = 4_194_305
        await raw.send(RawClient.header(length: UInt32(length), .request, stream: 1))
        let answer = try #require(try await raw.nextError())
        #expect(answer.stream == 1 && answer.error.code == .resourceExhausted)
        await raw.send([UInt8](repeating: 1, count: length))
        try await raw.call("Echo", stream: 3, ProtoAny())
        #expect(await raw.next()?.header.streamID == 3)
        // On a stream it ends the stream; on none it is a violation; of no known type it is nothing.
        try await raw.call("Chat", stream: 5, ProtoAny(), flags: [.remoteOpen, .noData])
        for (type, stream, code) in [
          (.data, 5, .resourceExhausted), (.data, 6, .invalidArgument),
          (.request, 6, .invalidArgument), (.request, 3, .invalidArgument), (.response, 7, nil),
        ] as [(FrameType, UInt32, StatusCode?)] {
          await raw.send(RawClient.header(length: UInt32(length), type, stream: stream))
          await raw.send([UInt8](repeating: 1, count: length))
          guard let code else { continue }
          let answer = try #require(try await raw.nextError())
          #expect(answer.stream == stream && answer.error.code == code)
        }
        try await raw.call("Echo", stream: 9, ProtoAny())
        #expect(await raw.next()?.header.streamID == 9)
        await raw.close()
      }
    }
  }

  @Test("a hundred violations close the connection")
  func violations() async throws {
    try await World.with { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        await raw.send(
          (0..<500).flatMap { _ in RawClient.frame(.data, stream: 2) })
        let answers = await raw.untilClosed()
        #expect(answers.count == 100)
        #expect(world.log.text.contains("100 violations"))
      }
    }
  }

  @Test("after the last stream id the connection closes, answered")
  func lastID() async throws {
    try await World.with { world in
      try await world.besideCanary {
        let raw = try await world.raw()
        try await raw.call("Wait", stream: 1, ProtoAny())
        try await raw.call("Echo", stream: .max, ProtoAny())
        #expect(await raw.next()?.header.streamID == .max)
        world.gate.open()
        let rest = await raw.untilClosed()
        #expect(rest.map(\.header.streamID) == [1])
      }
    }
  }

  @Test("a client that is gone in the middle of anything leaves nothing behind")
  func goneAnywhere() async throws {
    try await World.with { world in
      try await world.besideCanary {
        let bytes =
          RawClient.frame(.request, stream: 1, try RawClient.request("Wait", payload: []))
          + RawClient.frame(
            .request, .remoteOpen, stream: 3, try RawClient.request("Chat", payload: []))
          + RawClient.frame(.data, stream: 3, [])
        for length in 0...bytes.count {
          let raw = try await world.raw()
          await raw.send(Array(bytes[..<length]))
          await raw.close()
        }
        // Only the canary and the asker are left.
        try await world.until {
          $0.server.statistics.openConnections <= 2 && $0.server.statistics.callsInFlight <= 2
        }
      }
    }
  }

  @Test("random frames never disturb anybody else", arguments: 0..<8 as Range<UInt64>)
  func fuzz(seed: UInt64) async throws {
    try await World.with({
      $0.limits.maxViolations = 1_000_000
      $0.limits.halfClosedTime = .milliseconds(20)
    }) { world in
      world.gate.open()
      try await world.besideCanary {
        var dice = Dice(seed)
        let methods = ["Echo", "Hop", "Count", "Sum", "First", "Chat", "Watch", "Ignore", "No"]
        for _ in 0..<20 {
          let raw = try await world.raw()
          var stream: UInt32 = 1
          var bytes: [UInt8] = []
          for _ in 0..<60 {
            var body: [UInt8]
            switch dice.next() % 4 {
            case 0: body = dice.bytes(Int.random(in: 0...50, using: &dice))
            default:
              body = try RawClient.request(
                methods.randomElement(using: &dice) ?? "",
                payload: ProtoDuration(seconds: Int64(dice.next() % 5)).serialized())
              if dice.next() % 8 == 0, !body.isEmpty {
                body[Int.random(in: 0..<body.count, using: &dice)] ^= 1 << (dice.next() % 8)
              }
            }
            let id = dice.next() % 5 == 0 ? UInt32(dice.next() % UInt64(stream + 4)) : stream
            bytes += RawClient.frame(
              FrameType(rawValue: UInt8(dice.next() % 5)),
              FrameFlags(rawValue: UInt8(dice.next() % 8)), stream: id, body)
            if dice.next() % 2 == 0 { stream += 2 }
          }
          await raw.send(bytes)
          await raw.finishWriting()
          _ = await raw.untilClosed()
        }
      }
      try await world.until {
        $0.server.statistics.openConnections <= 2 && $0.server.statistics.callsInFlight <= 1
      }
    }
  }
}
