import FoundationEssentials
import IntegrationAPI
import Integrations
import PostgresClient
import ProtobufC
import Reactor
import Synchronization
import TTRPC
import TestSupport
import Testing

@Suite("events: published once, all or none, refused clearly")
struct PublishTests {
  // MARK: Idempotency

  @Test("the same event under its key again is answered with the first")
  func duplicate() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      _ = try await world.webhook()
      let first = try await world.publish(key: "order-7")
      let second = try await world.publish(key: "order-7")
      #expect(second.eventId == first.eventId && second.duplicate && second.deliveries == 0)
      #expect(second.createdAt == first.createdAt)
      #expect(try await world.deliveries(of: first.eventId).count == 1)
    }
  }

  @Test("another event under a used key is refused, and nothing is stored")
  func reused() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      try await world.publish(key: "order-7")
      for (type, data) in [("payment.captured", "8"), ("payment.refunded", #"{"amount": 7}"#)] {
        let error = try await #require(throws: ServiceError.self) {
          try await world.publish(type, data, key: "order-7")
        }
        #expect(error.code == .failedPrecondition)
        #expect(error.rpcError.reason == "IDEMPOTENCY_KEY_REUSED")
      }
      #expect(try await world.world.count("select count(*) from integrationd.events") == 1)
    }
  }

  @Test("many callers with one key publish one event")
  func concurrent() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      _ = try await world.webhook()
      let ids = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<20 { group.addTask { try await world.publish(key: "k").eventId } }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(ids.count == 1)
      #expect(
        try await world.world.count("select count(*) from integrationd.webhook_deliveries") == 1)
    }
  }

  // MARK: Batches

  @Test("a batch is stored in its order, duplicates within it included")
  func batch() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      _ = try await world.webhook()
      let response = try await world.publishAll([
        .init(eventType: "a", eventData: Array("1".utf8), idempotencyKey: "k"),
        .init(eventType: "b", eventData: Array("2".utf8)),
        .init(eventType: "a", eventData: Array("1".utf8), idempotencyKey: "k"),
      ])
      let events = response.events
      #expect(events.map(\.duplicate) == [false, false, true])
      #expect(events[2].eventId == events[0].eventId && events[1].eventId != events[0].eventId)
      #expect(try await world.world.count("select count(*) from integrationd.events") == 2)
    }
  }

  @Test("one event of a batch that is refused keeps all of it out")
  func allOrNone() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      try await world.publish(key: "taken")
      let error = try await #require(throws: ServiceError.self) {
        try await world.publishAll([
          .init(eventType: "a", eventData: Array("1".utf8)),
          .init(eventType: "a", eventData: Array("1".utf8), idempotencyKey: "taken"),
        ])
      }
      #expect(error.rpcError.reason == "IDEMPOTENCY_KEY_REUSED")
      #expect(try await world.world.count("select count(*) from integrationd.events") == 1)
    }
  }

  @Test("a batch names the event and the field that is wrong")
  func batchFields() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      let error = try await #require(throws: ServiceError.self) {
        try await world.publishAll([
          .init(eventType: "a", eventData: Array("1".utf8)),
          .init(eventType: "a..b", eventData: Array("{".utf8)),
          .init(tenantId: "x", eventType: "webhook.test", eventData: []),
        ])
      }
      #expect(
        error.rpcError.fieldViolations.map(\.field) == [
          "events[1].event_type", "events[1].event_data", "events[2].tenant_id",
          "events[2].event_type", "events[2].event_data",
        ])
    }
  }

  // MARK: Refusals

  struct Wrong: Sendable {
    let type: String
    let data: String
    let key: String
    let field: String
  }

  @Test(
    "what is wrong is refused by its field",
    arguments: [
      Wrong(type: "", data: "1", key: "", field: "event_type"),
      Wrong(type: "a b", data: "1", key: "", field: "event_type"),
      Wrong(type: "a.*", data: "1", key: "", field: "event_type"),
      Wrong(type: "webhook.test", data: "1", key: "", field: "event_type"),
      Wrong(type: String(repeating: "a", count: 129), data: "1", key: "", field: "event_type"),
      Wrong(type: "a", data: "", key: "", field: "event_data"),
      Wrong(type: "a", data: "{", key: "", field: "event_data"),
      Wrong(type: "a", data: #"{"a":1,"a":2}"#, key: "", field: "event_data"),
      Wrong(
        type: "a", data: "\"" + String(repeating: "a", count: 262_143) + "\"", key: "",
        field: "event_data"),
      Wrong(type: "a", data: "1", key: "a b", field: "idempotency_key"),
      Wrong(
        type: "a", data: "1", key: String(repeating: "k", count: 256), field: "idempotency_key"),
    ])
  func refused(wrong: Wrong) async throws {
    try await WebhooksWorld.withoutDatabase { world in
      let service = EventsService(world.daemon.environment) { _ in }
      let error = try await #require(throws: ServiceError.self) {
        try await service.publishEvent(
          PublishEventRequest(
            tenantId: world.tenant.description, eventType: wrong.type,
            eventData: Array(wrong.data.utf8), idempotencyKey: wrong.key),
          world.call("EventService/PublishEvent"))
      }
      #expect(error.code == .invalidArgument)
      #expect(error.rpcError.fieldViolations.map(\.field) == [wrong.field])
    }
  }

  @Test("an unknown tenant, a caller's foreign tenant and a suspended one are refused")
  func tenants() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      let unknown = try await #require(throws: ServiceError.self) {
        try await world.publish(tenant: TenantID(UUID()))
      }
      #expect(unknown.code == .notFound)
      let foreign = try await #require(throws: ServiceError.self) {
        try await world.publish(as: WebhooksWorld.stranger)
      }
      #expect(foreign.code == .notFound)
      try await world.world.suspendTenant()
      let suspended = try await #require(throws: ServiceError.self) { try await world.publish() }
      #expect(suspended.rpcError.reason == "TENANT_SUSPENDED")
    }
  }

  @Test("in SQL each refusal has the SQLSTATE and the words it is documented with")
  func refusedInSQL() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      let tenant = world.world.tenant.description
      func refusal(
        tenant: String, _ type: String = "invoice.paid", _ data: String = "{}", key: String = "k"
      ) async throws -> AdminError.ServerReport {
        let error = try await #require(throws: AdminError.self) {
          try await world.world.sql(
            "select integrationd.publish_event('\(tenant)', '\(type)', '\(data)', '\(key)')")
        }
        guard case .server(let report) = error else { throw error }
        return report
      }

      let nobody = UUID().uuidString.lowercased()
      let unknown = try await refusal(tenant: nobody)
      #expect(unknown.sqlState == "P0002" && unknown.message == "no tenant \(nobody)")
      #expect(try await refusal(tenant: tenant, "invoice.paid", "{").sqlState == "22P02")
      #expect(try await refusal(tenant: tenant, "Not A Type").sqlState == "23514")

      try await world.world.sql(
        "select integrationd.publish_event('\(tenant)', 'invoice.paid', '1', 'k')")
      let other = try await refusal(tenant: tenant, "invoice.paid", "2")
      #expect(other.sqlState == "23505")
      #expect(other.message == "this idempotency_key was used with another event")

      try await world.world.sql(
        """
        insert into integrationd.event_types (tenant_id, event_type, is_archived)
        values ('\(tenant)', 'old.thing', true)
        """)
      let archived = try await refusal(tenant: tenant, "old.thing", key: "o")
      #expect(archived.sqlState == "55000")
      #expect(archived.message == "the event type old.thing is archived")

      try await world.world.suspendTenant()
      let suspended = try await refusal(tenant: tenant, key: "s")
      #expect(suspended.sqlState == "55000" && suspended.message == "the tenant is suspended")
    }
  }

  @Test("a payload that does not match its type's schema is refused with the JSON pointer")
  func schema() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      _ = try await world.world.daemon.eventTypes.createEventType(
        CreateEventTypeRequest(
          tenantId: world.world.tenant.description, eventType: "payment.captured",
          schema: Array(#"{"properties": {"amount": {"maximum": 10}}}"#.utf8)),
        world.world.call("EventTypeService/CreateEventType"))
      let error = try await #require(throws: ServiceError.self) {
        try await world.publish("payment.captured", #"{"amount": 11}"#)
      }
      let violation = try #require(error.rpcError.fieldViolations.first)
      #expect(violation.field == "event_data" && violation.description.contains("/amount"))
      #expect(try await world.publish("payment.captured", #"{"amount": 9}"#).duplicate == false)
    }
  }

  @Test("a repetition is answered as the first was, whatever has become of its type and tenant")
  func repeatedLater() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      let first = try await world.publish(key: "k")
      let types = world.world.daemon.eventTypes
      let tenant = world.world.tenant.description
      _ = try await types.createEventType(
        CreateEventTypeRequest(
          tenantId: tenant, eventType: "payment.captured", schema: Array("false".utf8)),
        world.world.call("EventTypeService/CreateEventType"))
      try await Task.sleep(for: .milliseconds(1100))
      #expect(try await world.publish(key: "k").eventId == first.eventId)
      await #expect(throws: ServiceError.self) { try await world.publish(key: "other") }
      try await world.world.suspendTenant()
      #expect(try await world.publish(key: "k").duplicate)
      await #expect(throws: ServiceError.self) { try await world.publish(key: "third") }
    }
  }

  @Test("a batch may hold an event that was published before")
  func batchWithEarlier() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      let first = try await world.publish("a", "1", key: "k")
      let events = try await world.publishAll([
        .init(eventType: "b", eventData: Array("2".utf8)),
        .init(eventType: "a", eventData: Array("1".utf8), idempotencyKey: "k"),
      ]).events
      #expect(events.map(\.duplicate) == [false, true] && events[1].eventId == first.eventId)
    }
  }

  // MARK: Streams

  @Test("every event of a stream is answered in order, refused ones too")
  func stream() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      let queue = MessageQueue<PublishEventRequest>(
        bound: .init(messages: 100, bytes: 1 << 20), onRoom: {})
      let sink = RecordingSink(loop: world.world.daemon.loops.next())
      for number in 0..<50 {
        let request = PublishEventRequest(
          tenantId: world.world.tenant.description, eventType: number == 7 ? "" : "a",
          eventData: Array("\(number)".utf8))
        _ = queue.push(request, byteCount: 100)
      }
      queue.finish()
      try await world.events.publishEventStream(
        requests: RequestStream(queue), responses: ResponseWriter(sink, stream: 1),
        world.world.call("EventService/PublishEventStream"))
      let answers = sink.messages
      #expect(answers.map(\.sequence) == Array(0..<50))
      #expect(answers.filter { $0.code != 0 }.map(\.sequence) == [7])
      #expect(answers[7].code == StatusCode.invalidArgument.rawValue)
      #expect(try await world.world.count("select count(*) from integrationd.events") == 49)
    }
  }

  // MARK: Reading

  @Test("events are listed newest first, by pages, and read with their payload")
  func reading() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      var ids: [String] = []
      for number in 0..<5 {
        ids.append(try await world.publish(number == 2 ? "b" : "a", "\(number)").eventId)
      }
      let list = { (token: String, type: String) in
        try await world.events.listEvents(
          ListEventsRequest(
            tenantId: world.world.tenant.description, eventType: type, pageSize: 2,
            pageToken: token),
          world.world.call("EventService/ListEvents"))
      }
      var pages: [[String]] = []
      var token = ""
      repeat {
        let page = try await list(token, "a")
        pages.append(page.events.map(\.eventId))
        #expect(page.events.allSatisfy { $0.eventData.isEmpty && $0.eventDataBytes == 1 })
        token = page.nextPageToken
      } while !token.isEmpty
      #expect(pages == [[ids[4], ids[3]], [ids[1], ids[0]]])
      let response = try await world.events.getEvent(
        GetEventRequest(tenantId: world.world.tenant.description, eventId: ids[2]),
        world.world.call("EventService/GetEvent"))
      #expect(response.event?.eventData == Array("2".utf8) && response.event?.eventType == "b")
    }
  }
}

/// Keeps what a method answers.
private final class RecordingSink: ResponseSink {
  let loop: EventLoop
  private let state = Mutex<[PublishEventStreamResponse]>([])

  init(loop: EventLoop) { self.loop = loop }

  var messages: [PublishEventStreamResponse] { state.withLock { $0 } }

  func write(_ message: some Message, _ stream: UInt32) throws(RPCError) -> Completion<Void>? {
    if let message = message as? PublishEventStreamResponse {
      state.withLock { $0.append(message) }
    }
    return nil
  }
}

extension DeliveryWorld {
  fileprivate func publishAll(
    _ events: [PublishEventRequest]
  ) async throws -> PublishEventsResponse {
    try await self.events.publishEvents(
      PublishEventsRequest(tenantId: world.tenant.description, events: events),
      world.call("EventService/PublishEvents"))
  }
}
