internal import FoundationEssentials
internal import IntegrationAPI
internal import PostgresClient
internal import Reactor

/// `integrationd.webhook_deliveries` and `integrationd.webhook_delivery_logs` as callers see them.
/// What the engine sees is ``QueueRepository``.
struct DeliveryRepository: Sendable {
  let database: Database

  // MARK: Deliveries

  func find(
    _ id: DeliveryID, of tenant: TenantID, deadline: Deadline
  ) async throws(DatabaseError) -> DeliveryRecord? {
    try await database.row(
      DeliveryQueries.find, [.uuid(tenant.uuid), .uuid(id.uuid)], in: .tenant(tenant.uuid),
      deadline: deadline)
  }

  func find(
    _ id: DeliveryID, of tenant: TenantID, in transaction: Transaction
  ) async throws(DatabaseError) -> DeliveryRecord? {
    try await transaction.row(DeliveryQueries.find, [.uuid(tenant.uuid), .uuid(id.uuid)])
  }

  func lock(
    _ id: DeliveryID, of tenant: TenantID, in transaction: Transaction
  ) async throws(DatabaseError) -> DeliveryRecord? {
    try await transaction.row(DeliveryQueries.lock, [.uuid(tenant.uuid), .uuid(id.uuid)])
  }

  /// At most `limit` deliveries of an event behind `cursor`, newest first.
  func list(
    of event: EventID, tenant: TenantID, after cursor: PageCursor?, limit: Int,
    deadline: Deadline
  ) async throws(DatabaseError) -> [DeliveryRecord] {
    try await list(
      DeliveryQueries.listOfEvent, event.uuid, tenant, cursor ?? .beforeNewest, limit, deadline)
  }

  /// At most `limit` deliveries that are owed to a webhook behind `cursor`, soonest first.
  func listOwed(
    to lane: WebhookLane, after cursor: PageCursor?, limit: Int, deadline: Deadline
  ) async throws(DatabaseError) -> [DeliveryRecord] {
    try await list(
      DeliveryQueries.listOwed, lane.webhook.uuid, lane.tenant,
      cursor ?? PageCursor(unixMicroseconds: 0), limit, deadline)
  }

  private func list(
    _ query: Query<DeliveryRecord>, _ id: UUID, _ tenant: TenantID, _ start: PageCursor,
    _ limit: Int, _ deadline: Deadline
  ) async throws(DatabaseError) -> [DeliveryRecord] {
    try await database.rows(
      query,
      [
        .uuid(tenant.uuid), .uuid(id), .timestamp(unixMicroseconds: start.unixMicroseconds),
        .uuid(start.id), .int(Int64(limit)),
      ], in: .tenant(tenant.uuid), deadline: deadline)
  }

  /// Makes a delivery due that waits; one that is being attempted stays as it is.
  func hurry(_ delivery: DeliveryRecord, in transaction: Transaction) async throws(DatabaseError) {
    try await transaction.execute(
      DeliveryQueries.hurry, [.uuid(delivery.lane.tenant.uuid), .uuid(delivery.id.uuid)])
  }

  /// Owes the event of a delivery to its webhook once more.
  func again(
    _ delivery: DeliveryRecord, as id: DeliveryID, in transaction: Transaction
  ) async throws(DatabaseError) {
    try await transaction.execute(
      DeliveryQueries.again,
      [
        .uuid(delivery.lane.tenant.uuid), .uuid(id.uuid), .uuid(delivery.lane.webhook.uuid),
        .uuid(delivery.event.uuid),
      ])
  }

  /// Whether a webhook is active, held against changes until the transaction ends.
  /// - Throws: ``ServiceError`` `notFound`; `failedPrecondition` for a suspended tenant.
  func lockWebhook(_ lane: WebhookLane, in transaction: Transaction) async throws -> Bool {
    let found = try await transaction.row(
      DeliveryQueries.lockWebhook, [.uuid(lane.tenant.uuid), .uuid(lane.webhook.uuid)])
    guard let found else { throw ServiceError.notFound("webhook", lane.webhook.description) }
    if found.isSuspended { throw ServiceError.tenantSuspended }
    return found.isActive
  }

  /// Makes an event of a test and what is owed for it.
  /// - Throws: ``ServiceError`` `notFound`; `failedPrecondition` for a suspended tenant.
  func insertTest(
    to lane: WebhookLane, data: [UInt8], deadline: Deadline
  ) async throws -> DeliveryID {
    let (event, delivery) = (EventID(UUID()), DeliveryID(UUID()))
    let tenant = SQLValue.uuid(lane.tenant.uuid)
    try await database.transaction(
      in: .tenant(lane.tenant.uuid), deadline: deadline, retries: .upTo(3)
    ) { transaction in
      _ = try await lockWebhook(lane, in: transaction)
      try await transaction.execute(
        DeliveryQueries.insertTestEvent,
        [tenant, .uuid(event.uuid), .text(WebhookTest.eventType), .bytes(data)])
      try await transaction.execute(
        DeliveryQueries.insertTest,
        [tenant, .uuid(delivery.uuid), .uuid(lane.webhook.uuid), .uuid(event.uuid)])
    }
    return delivery
  }

  // MARK: The log

  /// Which rows of the log.
  struct Filter: Sendable {
    /// Nil: of all.
    var webhook: WebhookID?
    /// Nil: any.
    var status: AttemptStatus?
    /// Empty: any.
    var eventType = ""
    /// 0: any.
    var statusCode: Int32 = 0
    var start: UnixTime?
    var end: UnixTime?
  }

  /// At most `limit` attempts behind `cursor`, newest first, without headers and bodies.
  func attempts(
    of tenant: TenantID, _ filter: Filter, after cursor: PageCursor?, limit: Int,
    deadline: Deadline
  ) async throws(DatabaseError) -> [LoggedAttempt] {
    let place = cursor ?? .beforeNewest
    let statuses = (filter.status.map { [$0] } ?? AttemptStatus.all).compactMap(\.name)
    let moment = { (time: UnixTime?) in
      SQLValue.optional(time) { .timestamp(unixMicroseconds: $0.microseconds) }
    }
    let parameters: [SQLValue] = [
      .uuid(tenant.uuid), .textArray(statuses),
      .timestamp(unixMicroseconds: place.unixMicroseconds), .uuid(place.id),
      moment(filter.start), moment(filter.end), .text(filter.eventType),
      .int(Int64(filter.statusCode)), .int(Int64(limit)),
    ]
    guard let webhook = filter.webhook else {
      return try await database.rows(
        DeliveryQueries.attemptsOfTenant, parameters, in: .tenant(tenant.uuid),
        deadline: deadline)
    }
    return try await database.rows(
      DeliveryQueries.attemptsOfWebhook, parameters + [.uuid(webhook.uuid)],
      in: .tenant(tenant.uuid), deadline: deadline)
  }

  /// The newest attempts of a delivery, without headers and bodies.
  func attempts(
    of delivery: DeliveryID, tenant: TenantID, limit: Int, deadline: Deadline
  ) async throws(DatabaseError) -> [LoggedAttempt] {
    try await database.rows(
      DeliveryQueries.attemptsOfDelivery,
      [.uuid(tenant.uuid), .uuid(delivery.uuid), .int(Int64(limit))], in: .tenant(tenant.uuid),
      deadline: deadline)
  }

  /// One attempt with its request and response.
  func attempt(
    _ number: Int32, of delivery: DeliveryID, tenant: TenantID, deadline: Deadline
  ) async throws(DatabaseError) -> LoggedAttempt? {
    try await database.row(
      DeliveryQueries.attempt,
      [.uuid(tenant.uuid), .uuid(delivery.uuid), .int(Int64(number))],
      in: .tenant(tenant.uuid), deadline: deadline)
  }
}
