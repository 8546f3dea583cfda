package import DeliveryRules
internal import IntegrationAPI
internal import ProtobufC

/// A webhook's retry policy as its owner wrote it.
package struct WebhookRetrySettings: Hashable, Sendable {
  /// Which delays. The raw value is the one in the column `retry_preset`.
  package enum Preset: String, Hashable, Sendable {
    /// ``maxRetries`` times ``delayMs``.
    case fixed = ""
    case standard, fast, custom
  }

  /// False: one attempt.
  package var isEnabled: Bool
  package var maxRetries: Int32
  package var delayMs: Int64
  package var preset: Preset
  /// For ``Preset/custom``, each from the try before.
  package var delaysMs: [Int64]
  /// 0: what suits the preset.
  package var jitterPercent: Int32
  package var rules: [StatusRule]

  /// The rules that `retry_policy` of the contract has in common with nothing else.
  package struct Policy: Hashable, Sendable {
    package var preset: Preset = .fixed
    package var delaysMs: [Int64] = []
    package var jitterPercent: Int32 = 0
    package var rules: [StatusRule] = []
  }

  package init(isEnabled: Bool, maxRetries: Int32, delayMs: Int64, policy: Policy) {
    self.isEnabled = isEnabled
    self.maxRetries = maxRetries
    self.delayMs = delayMs
    preset = policy.preset
    delaysMs = policy.delaysMs
    jitterPercent = policy.jitterPercent
    rules = policy.rules
  }

  package var policy: Policy {
    get {
      Policy(preset: preset, delaysMs: delaysMs, jitterPercent: jitterPercent, rules: rules)
    }
    set {
      preset = newValue.preset
      delaysMs = newValue.delaysMs
      jitterPercent = newValue.jitterPercent
      rules = newValue.rules
    }
  }

  /// What the delivery engine obeys.
  /// - Throws: `RetryPolicyError` for what could not have been stored.
  package func retryPolicy() throws(RetryPolicyError) -> RetryPolicy {
    let schedule: RetrySchedule
    if isEnabled {
      switch preset {
      case .fixed:
        schedule = try RetrySchedule(retries: Int(maxRetries), delay: .milliseconds(delayMs))
      case .standard: schedule = .standard
      case .fast: schedule = .fast
      case .custom: schedule = try RetrySchedule(custom: delaysMs.map { .milliseconds($0) })
      }
    } else {
      schedule = .none
    }
    return try RetryPolicy(
      schedule: schedule, jitterPercent: jitterPercent == 0 ? nil : Int(jitterPercent),
      statusRules: try StatusRules(rules))
  }
}

// MARK: As callers see it

extension WebhookRetrySettings.Policy {
  /// Nil when nothing in it differs from what holds without one.
  var message: WebhookRetryPolicy? {
    guard self != WebhookRetrySettings.Policy() else { return nil }
    var policy = WebhookRetryPolicy()
    policy.preset =
      switch preset {
      case .fixed: .unspecified
      case .standard: .standard
      case .fast: .fast
      case .custom: .custom
      }
    policy.delays = delaysMs.map(ProtoDuration.init(milliseconds:))
    policy.jitterPercent = jitterPercent
    policy.statusRules = rules.map { rule in
      WebhookStatusRule(
        firstStatus: Int32(truncatingIfNeeded: rule.first),
        lastStatus: Int32(truncatingIfNeeded: rule.last), action: rule.reaction.action)
    }
    return policy
  }
}

extension ProtoDuration {
  init(milliseconds: Int64) {
    self.init(
      seconds: milliseconds / 1000,
      nanos: Int32(truncatingIfNeeded: milliseconds % 1000) * 1_000_000)
  }
}

extension StatusReaction {
  /// What the contract calls it.
  var action: WebhookStatusAction {
    switch self {
    case .retry: .retry
    case .fail: .fail
    case .disable: .disable
    }
  }

  /// Nil for an action that is none.
  init?(_ action: WebhookStatusAction) {
    switch action {
    case .retry: self = .retry
    case .fail: self = .fail
    case .disable: self = .disable
    case .unspecified, .unrecognized: return nil
    }
  }
}

// MARK: In the column `retry_status_rules`

extension [StatusRule] {
  /// Three numbers for each rule: first status, last status, action as the contract numbers it.
  var numbers: [Int64] {
    flatMap { [Int64($0.first), Int64($0.last), Int64($0.reaction.action.rawValue)] }
  }

  /// Nil for what ``numbers`` never makes.
  init?(numbers: [Int64]) {
    guard numbers.count.isMultiple(of: 3) else { return nil }
    var rules: [StatusRule] = []
    for start in stride(from: 0, to: numbers.count, by: 3) {
      let action = WebhookStatusAction(rawValue: Int32(truncatingIfNeeded: numbers[start + 2]))
      guard let reaction = StatusReaction(action) else { return nil }
      rules.append(
        StatusRule(first: Int(numbers[start]), last: Int(numbers[start + 1]), reaction: reaction))
    }
    self = rules
  }
}
