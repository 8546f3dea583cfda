/// What to do about a response that is no success. The raw value is one to store.
package enum StatusReaction: String, Sendable, Hashable, CaseIterable {
  /// Try again while the schedule has retries.
  case retry
  /// Give this delivery up.
  case fail
  /// Give it up, and send nothing more to the webhook.
  case disable
}

/// What to do about the statuses of a range.
package struct StatusRule: Sendable, Hashable {
  /// Statuses that may be ruled. 2xx is always a success; 1xx is never final.
  package static let allowed = 300...599

  package let first: Int
  package let last: Int
  package let reaction: StatusReaction

  /// - Parameters:
  ///   - first: checked, as is `last`, when the rule joins ``StatusRules``.
  ///   - last: not below `first`; part of the range.
  package init(first: Int, last: Int, reaction: StatusReaction) {
    self.first = first
    self.last = last
    self.reaction = reaction
  }
}

/// A webhook's rules about statuses. The first that fits decides; when none does, 410 Gone disables
/// the webhook (Standard Webhooks 1.0.0) and every other status is tried again: 3xx, which is never
/// followed, client errors, which receivers send while they are being deployed, 5xx, and numbers
/// that are no status.
package struct StatusRules: Sendable, Hashable {
  package static let maxCount = 20
  /// No rules of one's own.
  package static let standard = StatusRules(unchecked: [])

  package let rules: [StatusRule]

  /// - Throws: ``RetryPolicyError`` `ruleCount` or `statuses`.
  package init(_ rules: [StatusRule]) throws(RetryPolicyError) {
    guard rules.count <= Self.maxCount else { throw .ruleCount(rules.count) }
    for (index, rule) in rules.enumerated() {
      guard
        rule.first <= rule.last, StatusRule.allowed.contains(rule.first),
        StatusRule.allowed.contains(rule.last)
      else { throw .statuses(index: index) }
    }
    self.rules = rules
  }

  private init(unchecked rules: [StatusRule]) { self.rules = rules }

  /// What to do about `status`; nil for a success.
  package func reaction(to status: Int) -> StatusReaction? {
    if (200...299).contains(status) { return nil }
    for rule in rules where rule.first <= status && status <= rule.last { return rule.reaction }
    return status == 410 ? .disable : .retry
  }
}
