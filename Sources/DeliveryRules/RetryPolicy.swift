/// When a failed delivery is tried again, and when it is given up. Plain data; what it decides is a
/// function of its arguments (``decide(_:attemptsSpent:consecutiveOwnFaults:random:)``).
package struct RetryPolicy: Sendable, Hashable {
  /// How much jitter may be asked for, in percent of a delay.
  package static let jitterPercents = 0...50
  /// The jitter of the presets ``RetrySchedule/standard`` and ``RetrySchedule/fast``.
  package static let standardJitterPercent = 20
  /// The longest wait that a receiver's `Retry-After` may cause.
  package static let longestRetryAfter: Duration = .seconds(86_400)
  /// The longest wait after a fault of our own.
  package static let longestOwnFaultDelay: Duration = .seconds(60)

  package let schedule: RetrySchedule
  /// By how much each delay is lengthened or shortened at most, at random.
  package let jitterPercent: Int
  package let statusRules: StatusRules

  /// Three retries, exactly a minute after each other.
  package static let `default` = RetryPolicy(unchecked: .default)
  package static let standard = RetryPolicy(unchecked: .standard)
  package static let fast = RetryPolicy(unchecked: .fast)
  /// One attempt. Our own faults are tried again all the same.
  package static let none = RetryPolicy(unchecked: .none)

  /// - Parameter jitterPercent: 0 to 50; nil for what suits the schedule: 20 for the presets
  ///   `standard` and `fast`, else 0.
  /// - Throws: ``RetryPolicyError`` `jitter`.
  package init(
    schedule: RetrySchedule, jitterPercent: Int? = nil, statusRules: StatusRules = .standard
  ) throws(RetryPolicyError) {
    let percent = jitterPercent ?? Self.jitterPercent(of: schedule.kind)
    guard Self.jitterPercents.contains(percent) else { throw .jitter(percent) }
    self.schedule = schedule
    self.jitterPercent = percent
    self.statusRules = statusRules
  }

  private init(unchecked schedule: RetrySchedule) {
    self.schedule = schedule
    jitterPercent = Self.jitterPercent(of: schedule.kind)
    statusRules = .standard
  }

  /// Attempts that a delivery may spend.
  package var attempts: Int { schedule.delays.count + 1 }

  private static func jitterPercent(of kind: RetrySchedule.Kind) -> Int {
    switch kind {
    case .standard, .fast: standardJitterPercent
    case .none, .fixed, .custom: 0
    }
  }
}
