import ArgumentParser
import IntegrationClient

struct Webhooks: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Webhooks: where a tenant's customers are told of events.",
    discussion: """
      integrationctl webhooks create $t orders https://shop.example/hooks
      integrationctl webhooks test $t $webhook
      integrationctl webhooks listen --port 8080
      """,
    subcommands: [
      Create.self, List.self, Get.self, Update.self, Enable.self, Disable.self, Delete.self,
      RotateSecret.self, Test.self, Listen.self,
    ])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Create a webhook. A signing secret that was made is printed once.",
      discussion: """
        integrationctl webhooks create $t orders https://a.example/in --event 'order.*'
        integrationctl webhooks create $t ci https://b.example/in --profile github
        integrationctl webhooks create $t erp https://c.example/in --retry 5s,1m,10m
        integrationctl webhooks create $t old https://d.example/in --username app \\
          --password-stdin < password
        """)
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The tenant's id.") var tenant: String
    @Argument(help: "The webhook's name, for people: 1 to 200 characters.") var name: String
    @Argument(
      help: "Where to deliver: an https URL (http where the daemon allows it), ASCII, no user.")
    var url: String
    @Option(
      name: .customLong("event"),
      help: ArgumentHelp(
        "What to deliver: a type, a prefix such as 'payment.*', or '*'. Repeatable. Default: '*'.",
        valueName: "type"))
    var events: [String] = []
    @OptionGroup var authentication: AuthenticationOptions
    @OptionGroup var request: RequestOptions
    @OptionGroup var retries: RetryOptions
    @Flag(help: "Create it disabled.") var disabled = false
    @OptionGroup var idempotency: IdempotencyOptions

    func run() async throws {
      let auth = try authentication.read()
      let headers = try request.allHeaders()
      try await connection.change(idempotency) { client, options, key in
        let answer = try await client.webhooks.createWebhook(
          CreateWebhookRequest(
            tenantId: tenant, webhookName: name, webhookUrl: url,
            subscribedEvents: events.isEmpty ? ["*"] : events, auth: auth,
            httpMethod: request.method?.rawValue ?? "", customHeaders: headers,
            timeout: request.attemptTimeout.map { ProtoDuration($0.duration) },
            optionalRetryEnabled: retries.isEnabled.map { .retryEnabled($0) },
            maxRetries: retries.maxRetries ?? 0,
            retryDelay: retries.retryDelay.map { ProtoDuration($0.duration) },
            retryPolicy: retries.policy, optionalIsActive: disabled ? .isActive(false) : nil,
            idempotencyKey: key),
          options: options)
        try connection.show(
          answer, answer.webhook, also: Webhooks.secret(answer.signingSecret))
        connection.hint(
          "try it: integrationctl webhooks test \(tenant) \(answer.webhook?.webhookId ?? "")")
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List a tenant's webhooks, newest first.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The tenant's id.") var tenant: String
    @Option(help: "Only webhooks in this state.") var state: Choice<WebhookState>?
    @Option(help: ArgumentHelp("Only webhooks that get events of this type.", valueName: "type"))
    var event: String = ""
    @OptionGroup var pages: PageOptions

    func run() async throws {
      let nothing =
        state == nil && event.isEmpty
        ? "no webhooks yet; create one with: integrationctl webhooks create \(tenant) NAME URL"
        : "no such webhooks"
      try await connection.withClient { client, options in
        try await pages.show(
          json: connection.json, ifEmpty: nothing, table: Webhook.table
        ) { token in
          try await client.webhooks.listWebhooks(
            ListWebhooksRequest(
              tenantId: tenant, pageSize: pages.pageSize, pageToken: token,
              state: state?.value ?? .unspecified, eventType: event),
            options: options)
        }
      }
    }
  }

  struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a webhook.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: WebhookArguments

    func run() async throws {
      try await connection.withClient { client, options in
        let answer = try await client.webhooks.getWebhook(
          GetWebhookRequest(tenantId: target.tenant, webhookId: target.webhook), options: options)
        try connection.show(answer, answer.webhook)
      }
    }
  }

  struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete a webhook and cancel what is owed to it. This cannot be undone.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: WebhookArguments
    @OptionGroup var idempotency: IdempotencyOptions

    func run() async throws {
      try await connection.change(idempotency) { client, options, key in
        let answer = try await client.webhooks.deleteWebhook(
          DeleteWebhookRequest(
            tenantId: target.tenant, webhookId: target.webhook, idempotencyKey: key),
          options: options)
        try connection.show(
          answer, nil,
          also: [
            ("webhook", target.webhook), ("state", "deleted"),
            ("cancelled", "\(Format.deliveries(answer.cancelledDeliveries)) owed"),
          ])
      }
    }
  }

  /// The lines that appear once.
  static func secret(_ secret: String) -> [(name: String, value: String)] {
    secret.isEmpty
      ? []
      : [("signing secret", secret), ("note", "store it now: it cannot be read again")]
  }
}

/// Names one webhook.
struct WebhookArguments: ParsableArguments {
  @Argument(help: "The tenant's id.") var tenant: String
  @Argument(help: "The webhook's id.") var webhook: String
}
