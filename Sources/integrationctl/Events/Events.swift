import ArgumentParser
import IntegrationClient

struct Events: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Events: what happened in the product, to be told to webhooks.",
    subcommands: [Publish.self, List.self, Get.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List a tenant's events, newest first.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The tenant's id.") var tenant: String
    @Option(help: "Only of this type.") var type: String = ""
    @OptionGroup var pages: PageOptions

    func run() async throws {
      let nothing =
        type.isEmpty
        ? "no events yet; publish one with: integrationctl events publish \(tenant) TYPE JSON"
        : "no such events"
      try await connection.withClient { client, options in
        try await pages.show(json: connection.json, ifEmpty: nothing, table: Event.table) { token in
          try await client.events.listEvents(
            ListEventsRequest(
              tenantId: tenant, eventType: type, pageSize: pages.pageSize, pageToken: token),
            options: options)
        }
      }
    }
  }

  struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show an event with its payload.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: EventArguments

    func run() async throws {
      try await connection.withClient { client, options in
        let answer = try await client.events.getEvent(
          GetEventRequest(tenantId: target.tenant, eventId: target.event), options: options)
        try connection.show(answer, answer.event)
        if !connection.json, let event = answer.event {
          try print(
            "\n" + BodyText.lines(event.eventData).map { "  \($0)" }.joined(separator: "\n"))
        }
      }
    }
  }
}

/// Names one event.
struct EventArguments: ParsableArguments {
  @Argument(help: "The tenant's id.") var tenant: String
  @Argument(help: "The event's id.") var event: String
}

extension ListEventsResponse: Page {
  var rows: [Event] { events }
}

extension Event: Presentable {
  var fields: [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = [
      ("event", eventId), ("tenant", tenantId), ("type", eventType),
      ("size", Format.size(Int(eventDataBytes))), ("published", Format.time(createdAt)),
    ]
    if !idempotencyKey.isEmpty { fields.append(("key", idempotencyKey)) }
    return fields
  }

  static func table(_ events: [Event]) -> Table {
    var table = Table("EVENT", "TYPE", "SIZE", "PUBLISHED", "KEY")
    for event in events {
      table.add(
        event.eventId, event.eventType, Format.size(Int(event.eventDataBytes)),
        Format.time(event.createdAt), event.idempotencyKey.isEmpty ? "-" : event.idempotencyKey)
    }
    return table
  }
}
