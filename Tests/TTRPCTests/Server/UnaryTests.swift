import ProtobufC
import Reactor
import TTRPC
import Testing

@Suite("Unary calls")
struct UnaryTests {
  @Test("a request comes back as its response")
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

  @Test("a handler that suspends answers too")
  func hop() async throws {
    try await World.with { world in
      let response: ProtoAny = try await world.channel().unary(
        Echo.method("Hop"), ProtoAny(typeUrl: "x"), CallOptions())
      #expect(response == ProtoAny(typeUrl: "x"))
    }
  }
}
