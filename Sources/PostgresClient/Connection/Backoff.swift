internal import Reactor

/// How long to wait before the next attempt to connect: random, so that many clients of a server that
/// comes back do not come back together, and growing from 10 ms to 2 s.
struct Backoff {
  static let shortest: Duration = .milliseconds(10)
  static let longest: Duration = .seconds(2)
  /// After "too many connections": others must leave first.
  static let crowded: Duration = .milliseconds(250)

  private var failures = 0

  mutating func succeeded() { failures = 0 }

  mutating func next(
    isCrowded: Bool, using random: inout some RandomNumberGenerator
  ) -> Duration {
    failures = min(failures + 1, 8)
    let ceiling = min(Self.longest, Self.shortest * (1 << failures))
    let floor = isCrowded ? Self.crowded : Self.shortest
    let range = floor.saturatingNanoseconds...max(floor, ceiling).saturatingNanoseconds
    return .nanoseconds(Int64.random(in: range, using: &random))
  }
}
