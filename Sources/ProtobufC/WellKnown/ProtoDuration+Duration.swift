extension ProtoDuration {
  /// The span in whole nanoseconds, rounded towards zero and held within the range of the message
  /// (about 10,000 years either way).
  public init(_ duration: Duration) {
    let limit = SpanOfTime.maxSeconds
    let (seconds, attoseconds) = duration.components
    if seconds >= limit {
      self.init(seconds: limit)
    } else if seconds <= -limit {
      self.init(seconds: -limit)
    } else {
      self.init(seconds: seconds, nanos: Int32(attoseconds / 1_000_000_000))
    }
  }

  /// The span; nil when the message is out of range or of two signs.
  public var duration: Duration? {
    guard SpanOfTime.isValid(seconds: seconds, nanos: nanos) else { return nil }
    return .seconds(seconds) + .nanoseconds(Int64(nanos))
  }
}
