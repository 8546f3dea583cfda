/// Which part of a retry policy is out of its range. The description can follow ``field``.
package enum RetryPolicyError: Error, Sendable, Hashable {
  case retries(Int)
  case retryDelay(Duration)
  /// So many delays.
  case delayCount(Int)
  case delay(index: Int, Duration)
  case jitter(Int)
  /// So many rules.
  case ruleCount(Int)
  /// The statuses of this rule are not all of those that may be ruled, or are in the wrong order.
  case statuses(index: Int)

  /// The field at fault, as in `delays[3]`.
  package var field: String {
    switch self {
    case .retries: "max_retries"
    case .retryDelay: "retry_delay"
    case .delayCount: "delays"
    case .delay(let index, _): "delays[\(index)]"
    case .jitter: "jitter_percent"
    case .ruleCount: "status_rules"
    case .statuses(let index): "status_rules[\(index)]"
    }
  }
}

extension RetryPolicyError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .retries(let count): "must be \(Self.text(RetrySchedule.retryCounts)), not \(count)"
    case .retryDelay, .delay: "must be from 1 second to 7 days"
    case .delayCount(let count):
      "must be \(Self.text(RetrySchedule.retryCounts)) delays, not \(count)"
    case .jitter(let percent): "must be \(Self.text(RetryPolicy.jitterPercents)), not \(percent)"
    case .ruleCount(let count): "must be at most \(StatusRules.maxCount) rules, not \(count)"
    case .statuses:
      "must be \(Self.text(StatusRule.allowed)), the first status not above the last"
    }
  }

  private static func text(_ range: ClosedRange<Int>) -> String {
    "from \(range.lowerBound) to \(range.upperBound)"
  }
}
