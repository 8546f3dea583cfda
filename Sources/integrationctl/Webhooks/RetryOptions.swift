import ArgumentParser
import IntegrationClient

/// When to try again, as `--retry` spells it.
enum RetryChoice: ExpressibleByArgument, Equatable {
  /// So many retries, so far apart.
  case even
  case standard, fast, never
  /// Delays of one's own.
  case after([Duration])

  init?(argument: String) {
    switch argument.lowercased() {
    case "default": self = .even
    case "standard": self = .standard
    case "fast": self = .fast
    case "none": self = .never
    default:
      var delays: [Duration] = []
      for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
        guard let span = Span(argument: part.filter { $0 != " " }) else { return nil }
        delays.append(span.duration)
      }
      guard (1...50).contains(delays.count) else { return nil }
      self = .after(delays)
    }
  }

  /// As the contract has it; nil for the policy of a webhook that says nothing.
  var policy: WebhookRetryPolicy? {
    switch self {
    case .even, .never: nil
    case .standard: WebhookRetryPolicy(preset: .standard)
    case .fast: WebhookRetryPolicy(preset: .fast)
    case .after(let delays):
      WebhookRetryPolicy(preset: .custom, delays: delays.map { ProtoDuration($0) })
    }
  }
}

/// What a range of statuses means: `410=disable`, `400-499=fail`.
struct StatusRuleArgument: ExpressibleByArgument, Equatable {
  let rule: WebhookStatusRule

  init?(argument: String) {
    let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, let action = Choice<WebhookStatusAction>(argument: String(parts[1]))
    else { return nil }
    let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { Int32($0) }
    guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
      (300...599).contains(first), (first...599).contains(last)
    else { return nil }
    rule = WebhookStatusRule(firstStatus: first, lastStatus: last, action: action.value)
  }
}

/// When and how often to try again.
struct RetryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "When to try again: default (--max-retries, --retry-delay apart), standard (ten tries in "
        + "three days), fast (five tries in ten minutes), none, or delays such as '5s,1m,10m'.",
      valueName: "policy"))
  var retry: RetryChoice?
  @Option(help: ArgumentHelp("For default: 1 to 50 retries. Default: 3.", valueName: "count"))
  var maxRetries: Int32?
  @Option(help: ArgumentHelp("For default: 1s to 7d. Default: 60s.", valueName: "span"))
  var retryDelay: Span?
  @Option(
    help: ArgumentHelp("Change each delay by up to so much, at random, 0 to 50.", valueName: "%"))
  var jitter: Int32?
  @Option(
    name: .customLong("on-status"),
    help: ArgumentHelp(
      "What a status means: 410=disable, 400-499=fail, 500-599=retry. The first that fits. "
        + "Repeatable.", valueName: "status=action"))
  var rules: [StatusRuleArgument] = []

  func validate() throws {
    if let maxRetries, maxRetries < 1 {
      throw ValidationError("--max-retries is 1 to 50; --retry none is for no retries")
    }
    if let retry, retry != .even, maxRetries != nil || retryDelay != nil {
      throw ValidationError("--max-retries and --retry-delay belong to --retry default")
    }
    if retry == nil || retry == .never, jitter != nil || !rules.isEmpty {
      throw ValidationError("--jitter and --on-status need --retry with a policy")
    }
  }

  /// Nil: what the webhook has, or true for a new one.
  var isEnabled: Bool? { retry.map { $0 != .never } }

  /// Nil: the default policy, without rules.
  var policy: WebhookRetryPolicy? {
    guard jitter != nil || !rules.isEmpty else { return retry?.policy }
    var policy = retry?.policy ?? WebhookRetryPolicy()
    policy.jitterPercent = jitter ?? 0
    policy.statusRules = rules.map(\.rule)
    return policy
  }
}
