import IntegrationClient
import Testing

@testable import integrationctl

@Suite("Options of webhooks")
struct WebhookOptionTests {
  @Test(
    "a retry policy is a name or delays",
    arguments: [
      ("default", RetryChoice.even), ("Standard", .standard), ("fast", .fast), ("none", .never),
      ("5s,1m,10m", .after([.seconds(5), .seconds(60), .seconds(600)])),
      ("5s, 2h", .after([.seconds(5), .seconds(7200)])),
    ])
  func retry(text: String, choice: RetryChoice) {
    #expect(RetryChoice(argument: text) == choice)
  }

  @Test(
    "anything else is none",
    arguments: [
      "", "often", "5", "5s,", ",5s", "5s;1m", "-5s",
      Array(repeating: "1s", count: 51).joined(separator: ","),
    ])
  func noRetry(text: String) {
    #expect(RetryChoice(argument: text) == nil)
  }

  @Test("delays become the policy's own")
  func policy() throws {
    let options = try RetryOptions.parse([
      "--retry", "5s,1m", "--jitter", "10", "--on-status", "410=disable", "--on-status",
      "400-499=fail",
    ])
    #expect(options.isEnabled == true)
    #expect(
      options.policy
        == WebhookRetryPolicy(
          preset: .custom, delays: [ProtoDuration(seconds: 5), ProtoDuration(seconds: 60)],
          jitterPercent: 10,
          statusRules: [
            WebhookStatusRule(firstStatus: 410, lastStatus: 410, action: .disable),
            WebhookStatusRule(firstStatus: 400, lastStatus: 499, action: .fail),
          ]))
  }

  @Test(
    "options of retries that exclude each other are refused",
    arguments: [
      ["--retry", "fast", "--max-retries", "3"], ["--retry", "none", "--retry-delay", "5s"],
      ["--jitter", "5"], ["--retry", "none", "--on-status", "410=fail"], ["--max-retries", "0"],
    ])
  func conflicts(arguments: [String]) {
    #expect(throws: (any Error).self) { try RetryOptions.parse(arguments) }
  }

  @Test("an empty idempotency key is refused: a script's variable was not set")
  func emptyKey() throws {
    #expect(throws: (any Error).self) { try IdempotencyOptions.parse(["--idempotency-key", ""]) }
    #expect(throws: (any Error).self) {
      try Events.Publish.parse(["t", "a.b", "{}", "--idempotency-key", ""])
    }
    #expect(try IdempotencyOptions.parse(["--idempotency-key", "k"]).keyOrNew == "k")
    #expect(try !IdempotencyOptions.parse([]).isGiven)
  }

  @Test(
    "a status rule is a range and an action",
    arguments: ["299=fail", "600=fail", "499-400=fail", "410", "410=", "410=explode", "-410=fail"])
  func noRule(text: String) {
    #expect(StatusRuleArgument(argument: text) == nil)
  }

  @Test(
    "a header is a name, a colon and a value",
    arguments: [
      ("X-A: b", "X-A", "b"), ("X-A:b: c", "X-A", "b: c"), ("a:   b  ", "a", "b"), ("a:", "a", ""),
    ])
  func header(text: String, name: String, value: String) {
    let header = HeaderArgument(argument: text)
    #expect(header?.name == name)
    #expect(header?.value == value)
  }

  @Test(
    "what could be two headers is none",
    arguments: ["", "a", ":b", "a b: c", "a: b\r\nc: d", "a: b\nc", "a: \u{0}"])
  func noHeader(text: String) {
    #expect(HeaderArgument(argument: text) == nil)
  }

  @Test("the way to authenticate follows from its options")
  func inference() throws {
    #expect(try AuthenticationOptions.parse([]).type == nil)
    #expect(try AuthenticationOptions.parse(["--profile", "github"]).type == .hmac)
    #expect(try AuthenticationOptions.parse(["--token-stdin"]).type == .bearer)
    #expect(try AuthenticationOptions.parse(["--auth", "none"]).type == WebhookAuthType.none)
    let basic = try AuthenticationOptions.parse(["--username", "u", "--password-stdin"])
    #expect(
      try basic.read { "the \($0)" }
        == WebhookAuth(authType: .basic, username: "u", password: "the password"))
    let own = try AuthenticationOptions.parse([
      "--profile", "body-hex", "--signature-header", "X-Sig", "--secret-stdin",
    ])
    #expect(
      try own.read { "the \($0)" }
        == WebhookAuth(
          authType: .hmac, signatureProfile: .bodyHex, signingSecret: "the signing secret",
          signatureHeader: "X-Sig"))
  }

  @Test(
    "options of another way to authenticate are refused",
    arguments: [
      ["--auth", "none", "--profile", "github"], ["--auth", "basic", "--username", "u"],
      ["--auth", "bearer"], ["--token-stdin", "--secret-stdin"],
      ["--signature-header", "X-A"], ["--auth", "hmac", "--password-stdin"],
    ])
  func strangers(arguments: [String]) {
    #expect(throws: (any Error).self) { try AuthenticationOptions.parse(arguments) }
  }

  @Test("choices are spelt with hyphens, and underscores are understood")
  func choices() {
    #expect(Choice<AttemptStatus>(argument: "pending-retry")?.value == .pendingRetry)
    #expect(Choice<AttemptStatus>(argument: "pending_retry")?.value == .pendingRetry)
    #expect(Choice<WebhookState>.allValueStrings.contains("disabled-by-receiver"))
    #expect(SignatureScheme.name(of: .standardAsymmetric) == "asymmetric")
  }

  @Test("a window of time stays where it was")
  func window() throws {
    let times = try TimeWindow.parse(["--since", "2h", "--until", "2026-01-31T08:00:00Z"])
      .resolved()
    let again = try times.arguments
    let words = again.split(separator: " ").map(String.init)
    #expect(try TimeWindow.parse(words).resolved() == times)
    #expect(words.last == "2026-01-31T08:00:00Z")
    #expect(try TimeWindow.parse([]).resolved().arguments == "")
  }
}
