internal import DeliveryRules
internal import FoundationEssentials
package import IntegrationAPI
internal import JSONSchema
internal import PostgresClient
internal import ProtobufC
internal import Reactor
package import TTRPC

/// `integration.v1.EventService`: see `events.proto` for what each method promises.
package struct EventsService: EventService {
  /// Most events of one PublishEvents.
  static let maxBatch = 1000
  /// Most bytes of all their payloads.
  static let maxBatchBytes = 2 << 20

  private let environment: ServiceEnvironment
  private let publisher: Publisher
  private let schemas: EventSchemas
  private let events: EventRepository
  private let tenants: TenantRepository

  /// - Parameter wake: told of the lanes that have work as soon as an event is committed.
  package init(
    _ environment: ServiceEnvironment, wake: @escaping @Sendable ([WebhookLane]) -> Void
  ) {
    self.environment = environment
    publisher = Publisher(database: environment.database, wake: wake)
    schemas = EventSchemas(EventTypeRepository(database: environment.database))
    events = EventRepository(database: environment.database)
    tenants = TenantRepository(database: environment.database)
  }

  package func publishEvent(
    _ request: PublishEventRequest, _ call: CallContext
  ) async throws -> PublishEventResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let event = check.event(request)
    try check.finish()
    try environment.access.require(tenant, call)
    var work = StepBudget()
    do {
      try await schemas.check(
        event.type, of: tenant, payload: event.data, &work, deadline: call.deadline)
    } catch let error as ServiceError {
      // A repetition is answered as the first was, whatever the schema says by now.
      guard
        let earlier = try await publisher.earlier(event, of: tenant, deadline: call.deadline)
      else { throw error }
      return earlier.response
    }
    return try await publisher.publish(event, of: tenant, deadline: call.deadline).response
  }

  package func publishEvents(
    _ request: PublishEventsRequest, _ call: CallContext
  ) async throws -> PublishEventsResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let batch = check.events(request)
    try check.finish()
    try environment.access.require(tenant, call)
    var work = StepBudget()
    for (index, event) in batch.enumerated() {
      do {
        try await schemas.check(
          event.type, of: tenant, payload: event.data, &work, deadline: call.deadline)
      } catch let error as ServiceError {
        throw error.inField("events[\(index)]")
      }
    }
    let published = try await publisher.publish(batch, of: tenant, deadline: call.deadline)
    return PublishEventsResponse(events: published.map(\.response))
  }

  package func publishEventStream(
    requests: RequestStream<PublishEventRequest>,
    responses: ResponseWriter<PublishEventStreamResponse>,
    _ call: CallContext
  ) async throws {
    try await OrderedAnswers<PublishEventStreamResponse>(window: 64).run { answers in
      var sequence: Int64 = 0
      for try await request in requests {
        let number = sequence
        sequence += 1
        await answers.add { await streamed(request, number, call) }
      }
    } write: { answer in
      try await responses.write(answer)
    }
  }

  /// One event of a stream, whose failure is an answer like any other.
  private func streamed(
    _ request: PublishEventRequest, _ sequence: Int64, _ call: CallContext
  ) async -> PublishEventStreamResponse {
    var response = PublishEventStreamResponse(sequence: sequence)
    do {
      response.event = try await publishEvent(
        request, call.bounded(by: .within(Self.longestStreamed)))
    } catch {
      let error =
        (error as? any RPCErrorConvertible)?.rpcError ?? error as? RPCError
        ?? (error is DeadlineExceeded
          ? RPCError(.deadlineExceeded, "the event was not published in time") : nil)
        ?? RPCError(.internal, "the daemon failed")
      response.code = error.code.rawValue
      response.message = error.message
      response.reason = error.reason ?? ""
    }
    return response
  }

  /// How long one event of a stream may take.
  private static let longestStreamed = Duration.seconds(30)

  package func getEvent(
    _ request: GetEventRequest, _ call: CallContext
  ) async throws -> GetEventResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let id = EventID(check.uuid(request.eventId, "event_id"))
    try check.finish()
    try environment.access.require(tenant, call)
    guard let event = try await events.find(id, of: tenant, deadline: call.deadline) else {
      throw ServiceError.notFound("event", id.description)
    }
    return GetEventResponse(event: event.message)
  }

  package func listEvents(
    _ request: ListEventsRequest, _ call: CallContext
  ) async throws -> ListEventsResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let limit = check.pageSize(request.pageSize)
    if !request.eventType.isEmpty { _ = check.eventType(request.eventType, "event_type") }
    try check.finish()
    try environment.access.require(tenant, call)
    let question = PageTokens.Question(
      call.method.description, tenant: tenant, filters: [request.eventType])
    let cursor = try environment.pageTokens.cursor(request.pageToken, for: question)
    let found = try await events.list(
      of: tenant, type: request.eventType, after: cursor, limit: limit + 1,
      deadline: call.deadline)
    if found.isEmpty, try await tenants.find(tenant, deadline: call.deadline) == nil {
      throw ServiceError.noTenant(tenant)
    }
    let page = found.prefix(limit)
    var response = ListEventsResponse(events: page.map(\.message))
    if found.count > limit, let last = page.last {
      response.nextPageToken = environment.pageTokens.token(last.cursor, for: question)
    }
    return response
  }
}

extension CallContext {
  /// The same call with an earlier deadline: a stream may have none.
  fileprivate func bounded(by deadline: Deadline) -> CallContext {
    CallContext(
      method: served, caller: caller, metadata: metadata,
      deadline: self.deadline.sooner(deadline))
  }
}

extension PublishedEvent {
  /// As the contract shows it.
  fileprivate var response: PublishEventResponse {
    PublishEventResponse(
      eventId: id.description, createdAt: publishedAt.timestamp,
      deliveries: Int32(clamping: webhooks.count), duplicate: isDuplicate)
  }
}
