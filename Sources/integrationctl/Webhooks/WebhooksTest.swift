import ArgumentParser
import IntegrationClient

extension Webhooks {
  struct Test: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Send a webhook a real request, now, and show what happened.",
      discussion: """
        Sends an event of type webhook.test, once, also to a disabled webhook. Exits with 1 when \
        the receiver did not answer with a 2xx status.
        """)
    /// Longer than any attempt may take, so that the answer is never given up before the attempt.
    private static let longestSeconds = 40.0

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: WebhookArguments
    @Option(
      help: ArgumentHelp("The payload. Default: one that says it is a test.", valueName: "json"))
    var data: String?
    @Option(help: ArgumentHelp("The payload; `-` reads standard input.", valueName: "file"))
    var file: String?

    func validate() throws {
      if data != nil, file != nil { throw ValidationError("--data and --file exclude each other") }
    }

    func run() async throws {
      let payload = try file.map(InputBytes.of(file:)) ?? Array((data ?? "").utf8)
      try await connection.withClient { client, options in
        var options = options
        options.timeout = .seconds(max(connection.timeout, Self.longestSeconds))
        let answer = try await client.webhooks.testWebhook(
          TestWebhookRequest(
            tenantId: target.tenant, webhookId: target.webhook, eventData: payload),
          options: options)
        if connection.json {
          try print(JSON.text(of: answer))
        } else {
          try print(Self.report(answer))
        }
        if !answer.succeeded { throw ExitStatus.refused }
      }
    }

    /// What was sent, what came back, and what to think of it.
    static func report(_ answer: TestWebhookResponse) -> String {
      var verdict = "the receiver \(answer.succeeded ? "took" : "did not take") it"
      if let reason = answer.attempt?.errorMessage, !reason.isEmpty {
        verdict += ": \(TerminalText.line(reason))"
      }
      let attempt = answer.attempt.map { AttemptReport($0).text + "\n\n" }
      return (attempt ?? "") + "verdict: \(verdict)"
    }
  }
}
