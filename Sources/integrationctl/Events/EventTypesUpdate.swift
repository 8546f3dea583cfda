import ArgumentParser
import IntegrationClient

extension EventTypes {
  struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change a type. Only what is named changes; published events are not checked again."
    )
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: EventTypeArguments
    @Option(help: "For people, at most 2000 characters.") var description: String?
    @Option(
      help: ArgumentHelp("The schema, all anew; `-` reads standard input.", valueName: "file"))
    var schema: String?
    @Flag(help: "Payloads are not checked.") var noSchema = false
    @OptionGroup var idempotency: IdempotencyOptions

    func validate() throws {
      if schema != nil, noSchema {
        throw ValidationError("--schema and --no-schema exclude each other")
      }
      if description == nil, schema == nil, !noSchema {
        throw ValidationError("name at least one thing to change")
      }
    }

    func run() async throws {
      var changed = EventType()
      var paths: [String] = []
      if let description {
        changed.description = description
        paths.append("description")
      }
      if schema != nil || noSchema {
        changed.schema = try schema.map(InputBytes.of(file:)) ?? []
        paths.append("schema")
      }
      try await EventTypes.update(changed, paths, target, connection, idempotency)
    }
  }

  struct Archive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let nothing of a type be published any more.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: EventTypeArguments
    @OptionGroup var idempotency: IdempotencyOptions

    func run() async throws {
      try await EventTypes.update(
        EventType(isArchived: true), ["is_archived"], target, connection, idempotency)
    }
  }

  struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let events of an archived type be published again.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: EventTypeArguments
    @OptionGroup var idempotency: IdempotencyOptions

    func run() async throws {
      try await EventTypes.update(
        EventType(isArchived: false), ["is_archived"], target, connection, idempotency)
    }
  }

  private static func update(
    _ changed: EventType, _ paths: [String], _ target: EventTypeArguments,
    _ connection: ConnectionOptions, _ idempotency: IdempotencyOptions
  ) async throws {
    var changed = changed
    changed.eventType = target.type
    let newest = changed
    try await connection.change(idempotency) { client, options, key in
      let answer = try await client.eventTypes.updateEventType(
        UpdateEventTypeRequest(
          tenantId: target.tenant, eventType: newest, updateMask: ProtoFieldMask(paths: paths),
          idempotencyKey: key),
        options: options)
      try connection.show(answer, answer.eventType)
    }
  }
}

extension ListEventTypesResponse: Page {
  var rows: [EventType] { eventTypes }
}

extension EventType: Presentable {
  var fields: [(name: String, value: String)] {
    [
      ("type", eventType), ("tenant", tenantId),
      ("description", description.isEmpty ? "-" : description),
      ("schema", hasSchema ? "yes" : "none: payloads are not checked"),
      ("state", isArchived ? "archived" : "active"), ("created", Format.time(createdAt)),
      ("updated", Format.time(updatedAt)),
    ]
  }

  static func table(_ types: [EventType]) -> Table {
    var table = Table("TYPE", "STATE", "SCHEMA", "UPDATED", "DESCRIPTION")
    for type in types {
      table.add(
        type.eventType, type.isArchived ? "archived" : "active", type.hasSchema ? "yes" : "-",
        Format.time(type.updatedAt), Format.cut(type.description, to: 60))
    }
    return table
  }
}
