import ArgumentParser
import IntegrationClient

extension Webhooks {
  struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change a webhook. Only what is named changes; the next attempt obeys.",
      discussion: """
        What is named is replaced as a whole: --event names all events, --header all headers (a \
        value '***' keeps the value of that name), --retry all of the policy with its jitter and \
        statuses, and the options of authentication all of it, secrets included. To replace a \
        signing secret without a gap, use rotate-secret.
        """)
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: WebhookArguments
    @Option(help: "Its name, 1 to 200 characters.") var name: String?
    @Option(help: "Where to deliver.") var url: String?
    @Option(
      name: .customLong("event"),
      help: ArgumentHelp("What to deliver, all anew. Repeatable.", valueName: "type"))
    var events: [String] = []
    @OptionGroup var authentication: AuthenticationOptions
    @OptionGroup var request: RequestOptions
    @Flag(help: "No headers of its own.") var noHeaders = false
    @OptionGroup var retries: RetryOptions
    @OptionGroup var idempotency: IdempotencyOptions

    func validate() throws {
      if noHeaders, request.namesHeaders {
        throw ValidationError("--no-headers excludes --header and --header-file")
      }
      if change(headers: []).paths.isEmpty, authentication.type == nil {
        throw ValidationError("name at least one thing to change")
      }
    }

    func run() async throws {
      let auth = try authentication.read()
      let change = change(headers: try request.allHeaders())
      try await connection.change(idempotency) { client, options, key in
        let answer = try await client.webhooks.updateWebhook(
          UpdateWebhookRequest(
            tenantId: target.tenant, webhookId: target.webhook, webhook: change.webhook,
            auth: auth,
            updateMask: ProtoFieldMask(paths: change.paths + (auth == nil ? [] : ["auth"])),
            idempotencyKey: key),
          options: options)
        try connection.show(
          answer, answer.webhook, also: Webhooks.secret(answer.signingSecret))
      }
    }

    /// The new values and the field mask that names them, authentication aside.
    private func change(headers: [WebhookHeader]) -> (webhook: Webhook, paths: [String]) {
      var changed = Webhook()
      var paths: [String] = []
      func set<Value>(_ path: String, _ field: WritableKeyPath<Webhook, Value>, _ value: Value?) {
        guard let value else { return }
        changed[keyPath: field] = value
        paths.append(path)
      }
      set("webhook_name", \.webhookName, name)
      set("webhook_url", \.webhookUrl, url)
      set("subscribed_events", \.subscribedEvents, events.isEmpty ? nil : events)
      set("http_method", \.httpMethod, request.method?.rawValue)
      set(
        "custom_headers", \.customHeaders, noHeaders || request.namesHeaders ? headers : nil)
      set("retry_enabled", \.retryEnabled, retries.isEnabled)
      set("max_retries", \.maxRetries, retries.maxRetries)
      if let span = request.attemptTimeout {
        set("timeout", \.timeout, ProtoDuration(span.duration))
      }
      if let span = retries.retryDelay {
        set("retry_delay", \.retryDelay, ProtoDuration(span.duration))
      }
      if retries.isEnabled == true {
        changed.retryPolicy = retries.policy
        paths.append("retry_policy")
      }
      return (changed, paths)
    }
  }

  struct Enable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Deliver to a webhook again, beginning with what is still owed.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: WebhookArguments
    @OptionGroup var idempotency: IdempotencyOptions

    func run() async throws {
      try await Webhooks.setActive(true, target, connection, idempotency)
    }
  }

  struct Disable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Stop delivering to a webhook.",
      discussion: """
        What is owed waits until it is enabled again; events published meanwhile are not delivered \
        to it.
        """)
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: WebhookArguments
    @OptionGroup var idempotency: IdempotencyOptions

    func run() async throws {
      try await Webhooks.setActive(false, target, connection, idempotency)
    }
  }

  private static func setActive(
    _ isActive: Bool, _ target: WebhookArguments, _ connection: ConnectionOptions,
    _ idempotency: IdempotencyOptions
  ) async throws {
    try await connection.change(idempotency) { client, options, key in
      let answer = try await client.webhooks.updateWebhook(
        UpdateWebhookRequest(
          tenantId: target.tenant, webhookId: target.webhook, webhook: Webhook(isActive: isActive),
          updateMask: ProtoFieldMask(paths: ["is_active"]), idempotencyKey: key),
        options: options)
      try connection.show(answer, answer.webhook)
    }
  }
}
