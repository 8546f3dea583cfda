import Glibc

extension ProtoTimestamp {
  /// The moment a number of microseconds after 1970-01-01T00:00:00Z, before it when negative.
  public init(unixMicroseconds: Int64) {
    let (seconds, rest) = unixMicroseconds.quotientAndRemainder(dividingBy: 1_000_000)
    let borrows: Int64 = rest < 0 ? 1 : 0
    self.init(
      seconds: seconds - borrows, nanos: Int32((rest + borrows * 1_000_000) * 1_000))
  }

  /// Microseconds since 1970-01-01T00:00:00Z, rounded down; nil when the message is not a moment of
  /// the years 1 to 9999.
  public var unixMicroseconds: Int64? {
    guard isValid else { return nil }
    return seconds * 1_000_000 + Int64(nanos / 1_000)
  }

  /// Whether the message is a moment of the years 1 to 9999.
  public var isValid: Bool {
    (CivilTime.firstSecond...CivilTime.lastSecond).contains(seconds)
      && (0..<1_000_000_000).contains(nanos)
  }

  /// The system's clock.
  public static var now: ProtoTimestamp {
    var time = timespec()
    // Cannot fail: the clock exists and the pointer is good.
    _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
    return ProtoTimestamp(
      seconds: Int64(time.tv_sec), nanos: Int32(truncatingIfNeeded: time.tv_nsec))
  }
}
