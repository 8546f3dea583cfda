internal import DeliveryRules
internal import IntegrationAPI
internal import ProtobufC

extension RequestCheck {
  /// 1 to 50; 0: 3.
  mutating func maxRetries(_ count: Int32, _ field: String) -> Int32 {
    number(count == 0 ? 3 : count, field, 1...50)
  }

  /// The delay before a retry, in milliseconds. Absent: a minute.
  mutating func retryDelay(_ duration: ProtoDuration?, _ field: String) -> Int64 {
    milliseconds(
      duration, field, RetrySchedule.delayRange, named: "1 second to 7 days", standard: 60_000)
  }

  /// A retry policy. Absent: nothing but `max_retries` and `retry_delay`.
  mutating func retryPolicy(
    _ policy: WebhookRetryPolicy?, _ field: String
  ) -> WebhookRetrySettings.Policy {
    guard let policy else { return WebhookRetrySettings.Policy() }
    let preset = known(
      policy.preset, "\(field).preset", [.unspecified, .standard, .fast, .custom])
    return WebhookRetrySettings.Policy(
      preset: Self.preset(preset),
      delaysMs: retryDelays(policy, "\(field).delays"),
      jitterPercent: number(policy.jitterPercent, "\(field).jitter_percent", 0...50),
      rules: statusRules(policy.statusRules, "\(field).status_rules"))
  }

  private static func preset(_ preset: WebhookRetryPreset) -> WebhookRetrySettings.Preset {
    switch preset {
    case .standard: .standard
    case .fast: .fast
    case .custom: .custom
    case .unspecified, .unrecognized: .fixed
    }
  }

  private mutating func retryDelays(_ policy: WebhookRetryPolicy, _ field: String) -> [Int64] {
    guard policy.preset == .custom else {
      if !policy.delays.isEmpty { refuse(field, "belong to the preset CUSTOM only") }
      return []
    }
    guard RetrySchedule.retryCounts.contains(policy.delays.count) else {
      refuse(field, "\(RetryPolicyError.delayCount(policy.delays.count))")
      return []
    }
    var delays: [Int64] = []
    for (index, delay) in policy.delays.enumerated() {
      delays.append(retryDelay(delay, "\(field)[\(index)]"))
    }
    return delays
  }

  private mutating func statusRules(
    _ rules: [WebhookStatusRule], _ field: String
  ) -> [StatusRule] {
    guard rules.count <= StatusRules.maxCount else {
      refuse(field, "\(RetryPolicyError.ruleCount(rules.count))")
      return []
    }
    var checked: [StatusRule] = []
    for (index, rule) in rules.enumerated() {
      let place = "\(field)[\(index)]"
      guard let reaction = StatusReaction(rule.action) else {
        refuse("\(place).action", "must be RETRY, FAIL or DISABLE")
        continue
      }
      let candidate = StatusRule(
        first: Int(rule.firstStatus), last: Int(rule.lastStatus), reaction: reaction)
      do throws(RetryPolicyError) {
        _ = try StatusRules([candidate])
        checked.append(candidate)
      } catch {
        refuse(place, "\(error)")
      }
    }
    return checked
  }
}
