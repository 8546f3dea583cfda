internal import Reactor

/// How long to leave a server alone after failed attempts to connect. A pure value.
struct Backoff: Sendable {
  private let first: Duration
  private let longest: Duration
  private(set) var failures = 0

  init(first: Duration, longest: Duration) {
    self.first = first
    self.longest = longest
  }

  /// Counts a failure. The pause until the next attempt: grows by 1.6, a fifth more or less.
  /// - Parameter chance: in `0..<1`.
  mutating func failed(chance: Double = .random(in: 0..<1)) -> Duration {
    var pause = first
    for _ in 0..<min(failures, 30) where pause < longest { pause = pause * 1.6 }
    failures += 1
    return min(pause, longest) * (0.8 + 0.4 * chance)
  }

  /// A connection came about.
  mutating func succeeded() {
    failures = 0
  }
}
