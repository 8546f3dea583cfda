internal import CEpoll
internal import Glibc

/// A point in time that no clock change moves and that keeps counting while the machine sleeps
/// (`CLOCK_BOOTTIME`). Comparable within one boot of one machine only.
package struct MonotonicInstant: Comparable, Hashable, Sendable {
  /// Nanoseconds since boot.
  package let nanoseconds: Int64

  package init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// Later than every other instant.
  package static let distantFuture = MonotonicInstant(nanoseconds: .max)

  /// Reads the clock (about 20 ns, no system call). On a loop prefer ``EventLoop/now``.
  package static func now() -> MonotonicInstant {
    var time = timespec()
    // Cannot fail: the clock exists since Linux 2.6.39 and the pointer is valid.
    unsafe clock_gettime(CLOCK_BOOTTIME, &time)
    return MonotonicInstant(
      nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
  }

  /// The instant `duration` later; stops at the ends of the range instead of overflowing.
  package func advanced(by duration: Duration) -> MonotonicInstant {
    let step = duration.saturatingNanoseconds
    let (sum, overflow) = nanoseconds.addingReportingOverflow(step)
    return MonotonicInstant(nanoseconds: overflow ? (step > 0 ? .max : .min) : sum)
  }

  /// The time from here to `other`; negative when `other` is earlier.
  package func duration(to other: MonotonicInstant) -> Duration {
    let (difference, overflow) = other.nanoseconds.subtractingReportingOverflow(nanoseconds)
    return .nanoseconds(overflow ? (other > self ? .max : .min) : difference)
  }

  package static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }
}

extension Duration {
  /// Whole nanoseconds, rounded towards zero and kept within 292 years either way.
  package var saturatingNanoseconds: Int64 {
    // Most are positive and below two hours: then 64 bits are enough, as 10^9 is 2^9 * 5^9.
    if let part = UInt64(exactly: attoseconds >> 9) { return Int64(part / 1_953_125) }
    return Int64(clamping: attoseconds / 1_000_000_000)
  }
}
