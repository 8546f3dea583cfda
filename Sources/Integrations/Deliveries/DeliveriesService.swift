internal import FoundationEssentials
package import IntegrationAPI
internal import PostgresClient
internal import ProtobufC
internal import Reactor
package import TTRPC

/// `integration.v1.DeliveryService`: see `deliveries.proto` for what each method promises.
package struct DeliveriesService: DeliveryService {
  /// Attempts in one GetDelivery.
  private static let shownAttempts = 100

  private let environment: ServiceEnvironment
  private let deliveries: DeliveryRepository
  private let tenants: TenantRepository
  private let wake: @Sendable ([WebhookLane]) -> Void

  /// - Parameter wake: told of the lanes that have work as soon as it is committed.
  package init(
    _ environment: ServiceEnvironment, wake: @escaping @Sendable ([WebhookLane]) -> Void
  ) {
    self.environment = environment
    self.wake = wake
    deliveries = DeliveryRepository(database: environment.database)
    tenants = TenantRepository(database: environment.database)
  }

  package func listDeliveries(
    _ request: ListDeliveriesRequest, _ call: CallContext
  ) async throws -> ListDeliveriesResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let limit = check.pageSize(request.pageSize)
    let event = request.eventId.isEmpty ? nil : check.uuid(request.eventId, "event_id")
    let webhook = request.webhookId.isEmpty ? nil : check.uuid(request.webhookId, "webhook_id")
    if (event == nil) == (webhook == nil) {
      check.refuse("event_id", "or webhook_id must be given, and not both")
    }
    try check.finish()
    try environment.access.require(tenant, call)
    let question = PageTokens.Question(
      call.method.description, tenant: tenant,
      filters: [event?.text ?? "", webhook?.text ?? ""])
    let cursor = try environment.pageTokens.cursor(request.pageToken, for: question)
    let found =
      if let event {
        try await deliveries.list(
          of: EventID(event), tenant: tenant, after: cursor, limit: limit + 1,
          deadline: call.deadline)
      } else {
        try await deliveries.listOwed(
          to: WebhookLane(tenant: tenant, webhook: WebhookID(webhook ?? .nilUUID)),
          after: cursor, limit: limit + 1, deadline: call.deadline)
      }
    if found.isEmpty { try await requireTenant(tenant, call) }
    let page = found.prefix(limit)
    var response = ListDeliveriesResponse(deliveries: page.map(\.message))
    if found.count > limit, let last = page.last {
      let moment = event == nil ? last.dueAt : last.createdAt
      response.nextPageToken = environment.pageTokens.token(
        PageCursor(unixMicroseconds: moment.microseconds, id: last.id.uuid), for: question)
    }
    return response
  }

  package func getDelivery(
    _ request: GetDeliveryRequest, _ call: CallContext
  ) async throws -> GetDeliveryResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let id = check.delivery(request.deliveryId)
    try check.finish()
    try environment.access.require(tenant, call)
    guard let delivery = try await deliveries.find(id, of: tenant, deadline: call.deadline) else {
      throw ServiceError.noDelivery(id)
    }
    let attempts = try await deliveries.attempts(
      of: id, tenant: tenant, limit: Self.shownAttempts, deadline: call.deadline)
    return GetDeliveryResponse(
      delivery: delivery.message, attempts: attempts.map(\.message))
  }

  package func retryDelivery(
    _ request: RetryDeliveryRequest, _ call: CallContext
  ) async throws -> RetryDeliveryResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let id = check.delivery(request.deliveryId)
    let key = check.idempotencyKey(request.idempotencyKey)
    try check.finish()
    try environment.access.require(tenant, call)
    let response = try await environment.idempotency.change(
      request, key: key, tenant: tenant, call
    ) { transaction in
      guard let known = try await deliveries.find(id, of: tenant, in: transaction) else {
        throw ServiceError.noDelivery(id)
      }
      // The webhook's row before the delivery's.
      guard try await deliveries.lockWebhook(known.lane, in: transaction) else {
        throw ServiceError.webhookDisabled(known.lane.webhook)
      }
      guard let locked = try await deliveries.lock(id, of: tenant, in: transaction) else {
        throw ServiceError.noDelivery(id)
      }
      var due = id
      if locked.state == .pending {
        try await deliveries.hurry(locked, in: transaction)
      } else {
        due = DeliveryID(UUID())
        try await deliveries.again(locked, as: due, in: transaction)
      }
      guard let stored = try await deliveries.find(due, of: tenant, in: transaction) else {
        throw ServiceError.noDelivery(due)
      }
      return RetryDeliveryResponse(delivery: stored.message)
    }
    if let webhook = response.delivery.flatMap({ UUID(strict: $0.webhookId) }) {
      wake([WebhookLane(tenant: tenant, webhook: WebhookID(webhook))])
    }
    return response
  }

  package func listAttempts(
    _ request: ListAttemptsRequest, _ call: CallContext
  ) async throws -> ListAttemptsResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let limit = check.pageSize(request.pageSize)
    let filter = check.filter(request)
    try check.finish()
    try environment.access.require(tenant, call)
    let question = PageTokens.Question(
      call.method.description, tenant: tenant,
      filters: [
        filter.webhook?.description ?? "", filter.status?.name ?? "", filter.eventType,
        "\(filter.statusCode)", filter.start.text, filter.end.text,
      ])
    let cursor = try environment.pageTokens.cursor(request.pageToken, for: question)
    let found = try await deliveries.attempts(
      of: tenant, filter, after: cursor, limit: limit + 1, deadline: call.deadline)
    if found.isEmpty { try await requireTenant(tenant, call) }
    let page = found.prefix(limit)
    var response = ListAttemptsResponse(attempts: page.map(\.message))
    if found.count > limit, let last = page.last {
      response.nextPageToken = environment.pageTokens.token(last.cursor, for: question)
    }
    return response
  }

  package func getAttempt(
    _ request: GetAttemptRequest, _ call: CallContext
  ) async throws -> GetAttemptResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let id = check.delivery(request.deliveryId)
    let number = check.number(request.attemptNumber, "attempt_number", 1...Int32.max)
    try check.finish()
    try environment.access.require(tenant, call)
    let attempt = try await deliveries.attempt(
      number, of: id, tenant: tenant, deadline: call.deadline)
    guard let attempt else {
      throw ServiceError.notFound("delivery_attempt", "\(id)/\(number)")
    }
    return GetAttemptResponse(attempt: attempt.message)
  }

  private func requireTenant(_ tenant: TenantID, _ call: CallContext) async throws {
    guard try await tenants.find(tenant, deadline: call.deadline) != nil else {
      throw ServiceError.noTenant(tenant)
    }
  }
}

extension RequestCheck {
  fileprivate mutating func delivery(_ text: String) -> DeliveryID {
    DeliveryID(uuid(text, "delivery_id"))
  }

  fileprivate mutating func filter(_ request: ListAttemptsRequest) -> DeliveryRepository.Filter {
    var filter = DeliveryRepository.Filter()
    if !request.webhookId.isEmpty {
      filter.webhook = WebhookID(uuid(request.webhookId, "webhook_id"))
    }
    let status = known(
      request.deliveryStatus, "delivery_status", [.unspecified] + AttemptStatus.all)
    filter.status = status == .unspecified ? nil : status
    if !request.eventType.isEmpty {
      filter.eventType = eventType(request.eventType, "event_type")
    }
    if request.responseStatusCode != 0 {
      filter.statusCode = number(request.responseStatusCode, "response_status_code", 100...999)
    }
    filter.start = time(request.startTime, "start_time")
    filter.end = time(request.endTime, "end_time")
    if let start = filter.start, let end = filter.end, start >= end {
      refuse("end_time", "must be after start_time")
    }
    return filter
  }
}

extension ServiceError {
  fileprivate static func noDelivery(_ id: DeliveryID) -> ServiceError {
    notFound("delivery", id.description)
  }

  fileprivate static func webhookDisabled(_ id: WebhookID) -> ServiceError {
    ServiceError(
      .failedPrecondition, "the webhook \(id) is disabled",
      details: [.errorInfo(reason: ErrorReason.webhookDisabled)])
  }
}

extension ErrorReason {
  package static let webhookDisabled = "WEBHOOK_DISABLED"
}
