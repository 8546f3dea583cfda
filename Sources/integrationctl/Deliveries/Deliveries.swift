import ArgumentParser
import IntegrationClient

struct Deliveries: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Deliveries: what is owed to webhooks, and the log of every attempt.",
    discussion: """
      integrationctl deliveries list $t --status failed --since 2h
      integrationctl deliveries show $t $delivery --attempt 1
      integrationctl deliveries retry $t $delivery
      """,
    subcommands: [List.self, Owed.self, Of.self, Show.self, Retry.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the log of attempts, newest first.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The tenant's id.") var tenant: String
    @Option(help: ArgumentHelp("Only of this webhook.", valueName: "uuid")) var webhook: String = ""
    @Option(help: "Only with this status.") var status: Choice<AttemptStatus>?
    @Option(help: "Only of events of this type.") var type: String = ""
    @Option(help: ArgumentHelp("Only with this response status, 100 to 999.", valueName: "status"))
    var code: Int32 = 0
    @OptionGroup var window: TimeWindow
    @OptionGroup var pages: PageOptions

    func run() async throws {
      let times = window.resolved()
      let isFiltered =
        !webhook.isEmpty || status != nil || !type.isEmpty || code != 0
        || times != TimeWindow.Times()
      let nothing =
        isFiltered
        ? "no such attempts"
        : "no attempts yet; publish an event with: integrationctl events publish \(tenant) TYPE"
      try await connection.withClient { client, options in
        try await pages.show(
          json: connection.json, ifEmpty: nothing, repeating: try times.arguments,
          table: DeliveryAttempt.log
        ) { token in
          try await client.deliveries.listAttempts(
            ListAttemptsRequest(
              tenantId: tenant, webhookId: webhook, deliveryStatus: status?.value ?? .unspecified,
              eventType: type, responseStatusCode: code, startTime: times.start,
              endTime: times.end, pageSize: pages.pageSize, pageToken: token),
            options: options)
        }
      }
    }
  }

  struct Owed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List what is owed to a webhook, soonest first.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: WebhookArguments
    @OptionGroup var pages: PageOptions

    func run() async throws {
      try await connection.withClient { client, options in
        try await pages.show(
          json: connection.json, ifEmpty: "nothing is owed to this webhook", table: Delivery.owed
        ) { token in
          try await client.deliveries.listDeliveries(
            ListDeliveriesRequest(
              tenantId: target.tenant, webhookId: target.webhook, pageSize: pages.pageSize,
              pageToken: token),
            options: options)
        }
      }
    }
  }

  struct Of: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List what became of an event, a line for each webhook, newest first.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: EventArguments
    @OptionGroup var pages: PageOptions

    func run() async throws {
      try await connection.withClient { client, options in
        try await pages.show(
          json: connection.json,
          ifEmpty: "nobody was told of it: no active webhook subscribed to its type",
          table: Delivery.fates
        ) { token in
          try await client.deliveries.listDeliveries(
            ListDeliveriesRequest(
              tenantId: target.tenant, eventId: target.event, pageSize: pages.pageSize,
              pageToken: token),
            options: options)
        }
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show a delivery and its attempts, or one attempt with all that was said.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: DeliveryArguments
    @Option(help: ArgumentHelp("Show this attempt's request and response.", valueName: "number"))
    var attempt: Int32?

    func run() async throws {
      try await connection.withClient { client, options in
        if let attempt {
          let answer = try await client.deliveries.getAttempt(
            GetAttemptRequest(
              tenantId: target.tenant, deliveryId: target.delivery, attemptNumber: attempt),
            options: options)
          let text = try connection.json ? JSON.text(of: answer) : nil
          try print(text ?? answer.attempt.map { AttemptReport($0).text } ?? "no attempt")
          return
        }
        let answer = try await client.deliveries.getDelivery(
          GetDeliveryRequest(tenantId: target.tenant, deliveryId: target.delivery),
          options: options)
        try connection.show(answer, answer.delivery)
        if !connection.json {
          let timeline = DeliveryAttempt.timeline(answer.attempts.reversed())
          try print("\n" + timeline.text(ifEmpty: "not attempted yet"))
        }
        if !answer.attempts.isEmpty {
          connection.hint("what was said: --attempt NUMBER")
        }
      }
    }
  }

  struct Retry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Try a delivery now.",
      discussion: """
        One that is owed becomes due at once. One that has ended gets a new delivery of the same \
        event to the same webhook, which is shown.
        """)
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: DeliveryArguments
    @OptionGroup var idempotency: IdempotencyOptions

    func run() async throws {
      try await connection.change(idempotency) { client, options, key in
        let answer = try await client.deliveries.retryDelivery(
          RetryDeliveryRequest(
            tenantId: target.tenant, deliveryId: target.delivery,
            idempotencyKey: key),
          options: options)
        try connection.show(answer, answer.delivery)
        connection.hint(
          "follow it: integrationctl deliveries show \(target.tenant) "
            + (answer.delivery?.deliveryId ?? target.delivery))
      }
    }
  }
}

/// Names one delivery.
struct DeliveryArguments: ParsableArguments {
  @Argument(help: "The tenant's id.") var tenant: String
  @Argument(help: "The delivery's id.") var delivery: String
}
