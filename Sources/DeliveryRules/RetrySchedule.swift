/// How long to wait before each retry, counted from the end of the attempt before it.
///
/// The first attempt is made at once and is not in the list, so a schedule of *n* delays is *n* + 1
/// attempts.
package struct RetrySchedule: Sendable, Hashable {
  /// What a schedule was made from. The raw value is one to store.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    case none, fixed, standard, fast, custom
  }

  /// Retries of a fixed schedule, and delays of a custom one.
  package static let retryCounts = 1...50
  /// Each delay.
  package static let delayRange: ClosedRange<Duration> = .seconds(1) ... .seconds(7 * 86_400)

  package let kind: Kind
  package let delays: [Duration]

  /// One attempt, no retry.
  package static let none = RetrySchedule(kind: .none, seconds: [])

  /// Three retries, a minute after each other.
  package static let `default` = RetrySchedule(kind: .fixed, seconds: [60, 60, 60])

  /// The table of Standard Webhooks 1.0.0: ten attempts over 75 h 35 min 5 s.
  package static let standard = RetrySchedule(
    kind: .standard,
    seconds: [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400])

  /// Five attempts within ten minutes, the widest jitter of ``RetryPolicy/standardJitterPercent``
  /// included.
  package static let fast = RetrySchedule(kind: .fast, seconds: [5, 25, 120, 300])

  /// The same delay before each of 1 to 50 retries.
  /// - Throws: ``RetryPolicyError`` `retries` or `retryDelay`.
  package init(retries: Int, delay: Duration) throws(RetryPolicyError) {
    guard Self.retryCounts.contains(retries) else { throw .retries(retries) }
    guard Self.delayRange.contains(delay) else { throw .retryDelay(delay) }
    kind = .fixed
    delays = Array(repeating: delay, count: retries)
  }

  /// 1 to 50 delays of 1 second to 7 days.
  /// - Throws: ``RetryPolicyError`` `delayCount` or `delay`.
  package init(custom delays: [Duration]) throws(RetryPolicyError) {
    guard Self.retryCounts.contains(delays.count) else { throw .delayCount(delays.count) }
    for (index, delay) in delays.enumerated() where !Self.delayRange.contains(delay) {
      throw .delay(index: index, delay)
    }
    kind = .custom
    self.delays = delays
  }

  private init(kind: Kind, seconds: [Int]) {
    self.kind = kind
    delays = seconds.map { .seconds($0) }
  }
}
