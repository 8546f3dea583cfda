import ArgumentParser
import IntegrationClient

struct EventTypes: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The catalogue: what a tenant's events are called and what they hold.",
    discussion: """
      A type need not be in the catalogue to be published. One that has a schema there is checked \
      against it.
      """,
    subcommands: [
      Create.self, List.self, Get.self, Update.self, Archive.self, Restore.self, Delete.self,
    ])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add a type.",
      discussion: """
        integrationctl event-types create $t order.paid --schema order.json
        """)
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: EventTypeArguments
    @Option(help: "For people, at most 2000 characters.") var description: String = ""
    @Option(
      help: ArgumentHelp(
        "A JSON Schema (draft 2020-12) of payloads, at most 64 KiB; `-` reads standard input.",
        valueName: "file"))
    var schema: String?
    @OptionGroup var idempotency: IdempotencyOptions

    func run() async throws {
      let schema = try schema.map(InputBytes.of(file:)) ?? []
      try await connection.change(idempotency) { client, options, key in
        let answer = try await client.eventTypes.createEventType(
          CreateEventTypeRequest(
            tenantId: target.tenant, eventType: target.type, description: description,
            schema: schema, idempotencyKey: key),
          options: options)
        try connection.show(answer, answer.eventType)
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the types of a tenant's catalogue by name.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The tenant's id.") var tenant: String
    @Option(help: ArgumentHelp("Only types whose name begins so.", valueName: "text"))
    var prefix: String = ""
    @Flag(help: "Archived types too.") var archived = false
    @OptionGroup var pages: PageOptions

    func run() async throws {
      let nothing =
        prefix.isEmpty
        ? "no event types\(archived ? "" : " but archived ones, if any (--archived)"); "
          + "add one with: integrationctl event-types create \(tenant) TYPE"
        : "no such event types"
      try await connection.withClient { client, options in
        try await pages.show(
          json: connection.json, ifEmpty: nothing, table: EventType.table
        ) { token in
          try await client.eventTypes.listEventTypes(
            ListEventTypesRequest(
              tenantId: tenant, pageSize: pages.pageSize, pageToken: token, prefix: prefix,
              includeArchived: archived),
            options: options)
        }
      }
    }
  }

  struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a type with its schema.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: EventTypeArguments

    func run() async throws {
      try await connection.withClient { client, options in
        let answer = try await client.eventTypes.getEventType(
          GetEventTypeRequest(tenantId: target.tenant, eventType: target.type), options: options)
        try connection.show(answer, answer.eventType)
        if !connection.json, let schema = answer.eventType?.schema, !schema.isEmpty {
          try print("\n" + BodyText.lines(schema).map { "  \($0)" }.joined(separator: "\n"))
        }
      }
    }
  }

  struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take a type out of the catalogue. Published events stay.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: EventTypeArguments
    @OptionGroup var idempotency: IdempotencyOptions

    func run() async throws {
      try await connection.change(idempotency) { client, options, key in
        let answer = try await client.eventTypes.deleteEventType(
          DeleteEventTypeRequest(
            tenantId: target.tenant, eventType: target.type, idempotencyKey: key),
          options: options)
        try connection.show(answer, nil, also: [("type", target.type), ("state", "deleted")])
      }
    }
  }
}

/// Names one type.
struct EventTypeArguments: ParsableArguments {
  @Argument(help: "The tenant's id.") var tenant: String
  @Argument(help: "The type, as in payment.captured.") var type: String
}
