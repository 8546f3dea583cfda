import ArgumentParser
import IntegrationClient

extension Events {
  struct Publish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Publish an event, or with --stream one for every line of standard input.",
      discussion: """
        Once it is answered, the event is committed and will be delivered.

        integrationctl events publish $t order.paid '{"order": 7}'
        integrationctl events publish $t order.paid --file o.json --idempotency-key o7
        integrationctl events publish $t --stream < events.jsonl

        A line of a stream is an object: {"eventType": "order.paid", "eventData": {"order": 7}, \
        "idempotencyKey": "o7"}. Each gets a line of its own in answer, in order, counted from 0; \
        the command exits with 1 when any was refused. --timeout does not hold for a stream.
        """)
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The tenant's id.") var tenant: String
    @Argument(help: "What happened, as in payment.captured.") var type: String?
    @Argument(help: "The payload, JSON. `-`, or nothing when it is piped in: standard input.")
    var payload: String?
    @Option(help: "Read the payload from a file.") var file: String?
    @Option(
      name: .customLong("idempotency-key"),
      help: ArgumentHelp(
        "Makes repeating the command harmless for as long as the event is kept.",
        valueName: "key"))
    var key: String?
    @Flag(help: "Publish what standard input holds, an event a line.") var stream = false

    func validate() throws {
      if stream {
        guard type == nil, payload == nil, file == nil, key == nil else {
          throw ValidationError("with --stream, type, payload and key come with every line")
        }
        return
      }
      guard key != "" else { throw ValidationError.emptyIdempotencyKey }
      guard type != nil else { throw ValidationError("name the type of the event") }
      guard payload == nil || file == nil else {
        throw ValidationError("give the payload or --file, not both")
      }
    }

    func run() async throws {
      if stream {
        try await connection.withClient { client, _ in
          try await EventStream(tenant: tenant, json: connection.json).publish(with: client)
        }
        return
      }
      let request = PublishEventRequest(
        tenantId: tenant, eventType: type ?? "", eventData: try data(), idempotencyKey: key ?? "")
      try await connection.withClient { client, options in
        let answer = try await client.events.publishEvent(request, options: options)
        try connection.show(answer, answer)
        if answer.deliveries > 0 {
          connection.hint("follow it: integrationctl deliveries of \(tenant) \(answer.eventId)")
        } else if !answer.duplicate {
          connection.hint("no active webhook subscribes to \(request.eventType)")
        }
      }
    }

    /// The payload. Nothing at all is refused: whatever should have made it has failed.
    private func data() throws -> [UInt8] {
      let data: [UInt8]
      switch (payload, file) {
      case (_, let file?): data = try InputBytes.of(file: file)
      case ("-"?, _): data = InputBytes.standardInput()
      case (let payload?, _): data = Array(payload.utf8)
      case (nil, nil):
        guard !standardInputIsTerminal else { throw ValidationError("give the payload, JSON") }
        data = InputBytes.standardInput()
      }
      guard !data.isEmpty else { throw ValidationError("the payload is empty; {} is the least") }
      return data
    }
  }
}

extension PublishEventResponse: Presentable {
  var fields: [(name: String, value: String)] {
    [
      ("event", eventId), ("published", Format.time(createdAt)),
      ("deliveries", duplicate ? "none: it had been published before" : String(deliveries)),
    ]
  }
}
