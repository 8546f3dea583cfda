import ArgumentParser
import IntegrationClient

extension Webhooks {
  struct RotateSecret: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a webhook a new signing secret. One that was made is printed once.",
      discussion: """
        The old secrets sign too for a while, so that the receiver can change over in its own \
        time. Of the profiles, github and body-hex have room for one signature only: with them \
        the new secret signs alone, at once.
        """)
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: WebhookArguments
    @Flag(help: "Read the new secret from standard input instead of having one made.")
    var secretStdin = false
    @Option(
      help: ArgumentHelp(
        "How long the old secrets sign too, 0s to 7d. Default: 24h.", valueName: "span"))
    var overlap: Span?
    @OptionGroup var idempotency: IdempotencyOptions

    func run() async throws {
      let secret = secretStdin ? try InputBytes.secret("signing secret") : ""
      try await connection.change(idempotency) { client, options, key in
        let answer = try await client.webhooks.rotateWebhookSecret(
          RotateWebhookSecretRequest(
            tenantId: target.tenant, webhookId: target.webhook, signingSecret: secret,
            overlap: overlap.map { ProtoDuration($0.duration) }, idempotencyKey: key),
          options: options)
        try connection.show(
          answer, answer.webhook, also: Webhooks.secret(answer.signingSecret))
      }
    }
  }
}
