package import ProtobufC

/// A moment as PostgreSQL keeps it: microseconds since 1970 UTC.
package struct UnixTime: Hashable, Comparable, Sendable {
  package var microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }

  /// What the contract calls a moment is cut to microseconds. Nil outside the years 1 to 9999 and
  /// for nanoseconds that are none (google/protobuf/timestamp.proto).
  package init?(_ timestamp: ProtoTimestamp) {
    guard (-62_135_596_800...253_402_300_799).contains(timestamp.seconds),
      (0...999_999_999).contains(timestamp.nanos)
    else { return nil }
    microseconds = timestamp.seconds * 1_000_000 + Int64(timestamp.nanos / 1000)
  }

  package static func < (left: UnixTime, right: UnixTime) -> Bool {
    left.microseconds < right.microseconds
  }

  /// Moved by `duration`, cut to microseconds.
  package func advanced(by duration: Duration) -> UnixTime {
    UnixTime(microseconds: microseconds + duration.wholeMicroseconds)
  }

  /// What lies between this moment and a later one; negative when it is earlier.
  package func duration(to other: UnixTime) -> Duration {
    .microseconds(other.microseconds - microseconds)
  }

  /// The last full hour of UTC.
  package var beginOfHour: UnixTime { floored(to: 3_600_000_000) }

  /// The last multiple of `width` microseconds since 1970.
  package func floored(to width: Int64) -> UnixTime {
    let rest = microseconds % width
    return UnixTime(microseconds: microseconds - (rest < 0 ? rest + width : rest))
  }

  /// As the contract writes it.
  package var timestamp: ProtoTimestamp {
    let second = floored(to: 1_000_000)
    return ProtoTimestamp(
      seconds: second.microseconds / 1_000_000,
      nanos: Int32(truncatingIfNeeded: (microseconds - second.microseconds) * 1000))
  }
}

extension Duration {
  /// Cut to microseconds. Spans of more than 292,000 years are cut to that.
  package var wholeMicroseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflowed) = seconds.multipliedReportingOverflow(by: 1_000_000)
    guard !overflowed else { return seconds < 0 ? .min : .max }
    let (sum, overflow) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000)
    return overflow ? (seconds < 0 ? .min : .max) : sum
  }
}
