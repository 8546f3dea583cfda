import ProtobufC
import Testing

@Suite("Well-known values")
struct WellKnownValueTests {
  @Test(
    "a time converts to and from microseconds",
    arguments: [
      (0, 0, 0), (1, 0, 1_000), (-1, -1, 999_999_000), (-1_000_000, -1, 0),
      (1_500_000, 1, 500_000_000), (-1_500_000, -2, 500_000_000),
    ] as [(Int64, Int64, Int32)])
  func microseconds(micro: Int64, seconds: Int64, nanos: Int32) {
    let message = ProtoTimestamp(unixMicroseconds: micro)
    #expect(message == ProtoTimestamp(seconds: seconds, nanos: nanos))
    #expect(message.unixMicroseconds == micro)
  }

  @Test("a time out of range has no microseconds, and none traps")
  func extremes() {
    #expect(ProtoTimestamp(seconds: .max).unixMicroseconds == nil)
    #expect(ProtoTimestamp(seconds: 0, nanos: -1).unixMicroseconds == nil)
    #expect(!ProtoTimestamp(unixMicroseconds: .max).isValid)
    #expect(!ProtoTimestamp(unixMicroseconds: .min).isValid)
    #expect(ProtoTimestamp(seconds: 0, nanos: 1_999).unixMicroseconds == 1)
    #expect(ProtoTimestamp.now.isValid)
    #expect(ProtoTimestamp.now.seconds > 1_700_000_000)
  }

  @Test("a span converts to and from Duration")
  func durations() {
    for duration in [Duration.zero, .milliseconds(1_500), .nanoseconds(-1), .seconds(-3)] {
      #expect(ProtoDuration(duration).duration == duration)
    }
    #expect(ProtoDuration(.seconds(Int64.max)) == ProtoDuration(seconds: 315_576_000_000))
    #expect(ProtoDuration(.seconds(Int64.min)) == ProtoDuration(seconds: -315_576_000_000))
    #expect(ProtoDuration(.nanoseconds(1) / 2) == ProtoDuration())
    #expect(ProtoDuration(seconds: .max).duration == nil)
    #expect(ProtoDuration(seconds: 1, nanos: -1).duration == nil)
  }

  @Test("an Any gives its message back to those who name its type")
  func any() throws {
    let any = try ProtoAny(packing: ProtoDuration(seconds: 5))
    #expect(any.typeUrl == "type.googleapis.com/google.protobuf.Duration")
    #expect(any.holds(ProtoDuration.self))
    #expect(try any.unpacked(as: ProtoDuration.self) == ProtoDuration(seconds: 5))
    #expect(try any.unpacked(as: ProtoEmpty.self) == nil)
    #expect(!ProtoAny(typeUrl: "google.protobuf.Duration").holds(ProtoDuration.self))
    let broken = ProtoAny(typeUrl: any.typeUrl, value: [0x08])
    #expect(throws: MessageError.self) { try broken.unpacked(as: ProtoDuration.self) }
  }
}
