import Glibc
import Reactor
import Testing

@Suite struct TimeTests {
  @Test("instants stop at the ends of their range")
  func saturation() {
    let middle = MonotonicInstant(nanoseconds: 0)
    #expect(middle.advanced(by: .seconds(Int64.max)) == .distantFuture)
    #expect(middle.advanced(by: .seconds(Int64.min)).nanoseconds == .min)
    #expect(MonotonicInstant.distantFuture.advanced(by: .nanoseconds(1)) == .distantFuture)
    #expect(
      MonotonicInstant(nanoseconds: .min).advanced(by: .nanoseconds(-1)).nanoseconds == .min)
    #expect(middle.duration(to: MonotonicInstant(nanoseconds: 5)) == .nanoseconds(5))
    #expect(
      MonotonicInstant(nanoseconds: .min).duration(to: .distantFuture) == .nanoseconds(Int64.max))
    #expect(
      MonotonicInstant.distantFuture.duration(to: .init(nanoseconds: -9)) == .nanoseconds(Int64.min)
    )
  }

  @Test("durations become whole nanoseconds, as many as fit")
  func nanoseconds() {
    let billion: Int64 = 1_000_000_000
    #expect(Duration.milliseconds(1500).saturatingNanoseconds == 1_500_000_000)
    #expect(Duration.nanoseconds(-1).saturatingNanoseconds == -1)
    let belowOne = Duration(secondsComponent: 0, attosecondsComponent: 999_999_999)
    #expect(belowOne.saturatingNanoseconds == 0)
    #expect(Duration.seconds(Int64.max).saturatingNanoseconds == .max)
    #expect(Duration.seconds(Int64.min).saturatingNanoseconds == .min)
    let longest = Duration.seconds(Int64.max / billion)
    #expect((longest + .milliseconds(999)).saturatingNanoseconds == .max)
    #expect((longest + .seconds(1)).saturatingNanoseconds == .max)
    let shortest = Duration.seconds(Int64.min / billion)
    #expect((shortest - .milliseconds(999)).saturatingNanoseconds == .min)
    #expect((shortest - .seconds(1)).saturatingNanoseconds == .min)
  }

  @Test("every duration is rounded towards zero")
  func rounding() {
    var generator = SystemRandomNumberGenerator()
    for bits in 1..<120 {
      for _ in 0..<20 {
        let size = Int128.random(in: 0..<(1 << bits), using: &generator)
        for attoseconds in [size, -size] {
          let exact = Int64(clamping: attoseconds / 1_000_000_000)
          #expect(Duration(attoseconds: attoseconds).saturatingNanoseconds == exact)
        }
      }
    }
  }

  @Test("a deadline passes, and what is left of it never becomes negative")
  func deadline() {
    #expect(Deadline(after: .zero).hasPassed)
    #expect(Deadline.within(.seconds(-1)).remaining == .zero)
    let far = Deadline.within(.seconds(3600))
    #expect(!far.hasPassed)
    #expect(far.remaining > .seconds(3000))
    #expect(far < .never)
    #expect(far.sooner(.never) == far)
    #expect(Deadline.never.sooner(far) == far)
    #expect(DeadlineExceeded().description == "the deadline passed")
  }

  @Test("an error says what failed and why")
  func systemError() {
    #expect(
      SystemError(errno: ENOENT, operation: "open x").description
        == "open x: No such file or directory (errno 2)")
    #expect(SystemError(errno: 9999, operation: "y").description.hasPrefix("y: Unknown error"))
  }
}
