internal import FoundationEssentials
internal import IntegrationAPI
internal import PostgresClient
internal import ProtobufC
internal import Reactor

/// `integrationd.webhook_deliveries` and `integrationd.webhook_delivery_logs` as the delivery engine
/// sees them: lanes, claims and settlements, of all tenants. What callers see is
/// ``DeliveryRepository``.
struct QueueRepository: Sendable {
  let database: Database

  /// Claims due deliveries for `lease`, oldest first in each lane, and notes the begin of an attempt
  /// at each.
  /// - Throws: `outcomeUnknown` when the reply is lost: see ``hurry(_:of:deadline:)``.
  func claim(
    _ quotas: [LaneQuota], under token: UUID, for lease: Duration, deadline: Deadline
  ) async throws(DatabaseError) -> [ClaimedDelivery] {
    let rows = try await database.rows(
      QueueQueries.claim,
      [
        .uuid(token), .int(lease.wholeMicroseconds), .uuidArray(quotas.map(\.lane.tenant.uuid)),
        .uuidArray(quotas.map(\.lane.webhook.uuid)), .intArray(quotas.map { Int64($0.count) }),
      ], in: .worker, deadline: deadline)
    return rows.map { $0(token) }
  }

  /// Claims one delivery, whatever its webhook's state. Nil when somebody else has it.
  func claim(
    _ id: DeliveryID, of tenant: TenantID, under token: UUID, for lease: Duration,
    deadline: Deadline
  ) async throws(DatabaseError) -> ClaimedDelivery? {
    let row = try await database.row(
      QueueQueries.claimOne,
      [.uuid(token), .int(lease.wholeMicroseconds), .uuid(tenant.uuid), .uuid(id.uuid)],
      in: .worker, deadline: deadline)
    return row.map { $0(token) }
  }

  /// Makes whatever a claim got due at once, because its reply was lost.
  func hurry(
    _ token: UUID, of lanes: [WebhookLane], deadline: Deadline
  ) async throws(DatabaseError) {
    try await database.execute(
      QueueQueries.hurry,
      [
        .uuid(token), .uuidArray(lanes.map(\.tenant.uuid)),
        .uuidArray(lanes.map(\.webhook.uuid)),
      ], in: .worker, deadline: deadline)
  }

  /// Settles attempts in one transaction.
  /// - Returns: those whose lease still held. The others changed nothing: somebody else has taken
  ///   them over, or this very settlement had been made before and its reply lost.
  func settle(
    _ settlements: [Settlement], deadline: Deadline
  ) async throws(DatabaseError) -> Set<SettledAttempt> {
    Set(
      try await database.rows(
        QueueQueries.settle, Self.columns(settlements), in: .worker, deadline: deadline))
  }

  /// At most `limit` lanes behind `lane` with something pending.
  func lanes(
    after lane: WebhookLane?, limit: Int, deadline: Deadline
  ) async throws(DatabaseError) -> [QueueQueries.Lane] {
    try await database.rows(
      QueueQueries.lanes,
      [
        .uuid(lane?.tenant.uuid ?? .nilUUID), .uuid(lane?.webhook.uuid ?? .nilUUID),
        .int(Int64(limit)),
      ], in: .worker, deadline: deadline)
  }

  /// At most `limit` lanes of a tenant with something pending.
  func lanes(
    of tenant: TenantID, limit: Int, deadline: Deadline
  ) async throws(DatabaseError) -> [QueueQueries.Lane] {
    try await database.rows(
      QueueQueries.lanesOfTenant, [.uuid(tenant.uuid), .int(Int64(limit))], in: .worker,
      deadline: deadline)
  }

  /// Logs attempts that were left behind and that nobody takes over, at most `limit`.
  func abandonIdle(limit: Int, deadline: Deadline) async throws(DatabaseError) {
    _ = try await database.rows(
      QueueQueries.abandonIdle, [.int(Int64(limit))], in: .worker, deadline: deadline)
  }

  /// Cancels what is owed to deleted webhooks and deletes their past, at most `limit` rows of each.
  /// - Returns: how many rows.
  func purgeDeleted(limit: Int, deadline: Deadline) async throws(DatabaseError) -> Int {
    let cancelled = try await database.rows(
      QueueQueries.cancelDeleted, [.int(Int64(limit))], in: .worker, deadline: deadline)
    let purged = try await database.rows(
      QueueQueries.purgeDeleted, [.int(Int64(limit))], in: .worker, deadline: deadline)
    return Int((cancelled.first ?? 0) + (purged.first ?? 0))
  }

  private static func columns(_ settlements: [Settlement]) -> [SQLValue] {
    [
      .uuidArray(settlements.map(\.delivery.lane.tenant.uuid)),
      .uuidArray(settlements.map(\.delivery.id.uuid)),
      .textArray(settlements.map(\.delivery.eventType)),
      .intArray(settlements.map { Int64($0.delivery.attempt) }),
      .uuidArray(settlements.map(\.delivery.leaseToken)),
      .textArray(settlements.map(\.end.state)),
      .intArray(settlements.map(\.end.delay.wholeMicroseconds)),
      .intArray(settlements.map { $0.end.spendsBudget ? 1 : 0 }),
      .intArray(settlements.map { $0.end.spendsBudget ? 0 : 1 }),
      .textArray(settlements.map(\.end.failure)),
      .intArray(settlements.map { Int64($0.record.cause.rawValue) }),
      .textArray(settlements.map(\.record.errorMessage)),
      .intArray(settlements.map { Int64($0.record.statusCode) }),
      .intArray(settlements.map(\.record.time.wholeMicroseconds)),
      .textArray(settlements.map(\.record.requestHeaders)),
      .textArray(settlements.map(\.record.responseHeaders)),
      .bytesArray(settlements.map(\.record.responseBody)),
      .intArray(settlements.map { $0.record.isTruncated ? 1 : 0 }),
      .textArray(settlements.map(\.record.peer)),
      span(settlements, \.resolve), span(settlements, \.connect), span(settlements, \.tls),
      span(settlements, \.firstByte),
    ]
  }

  /// Microseconds; -1: there is none.
  private static func span(
    _ settlements: [Settlement], _ span: KeyPath<AttemptRecord, Duration?>
  ) -> SQLValue {
    .intArray(
      settlements.map { settlement in
        guard let duration = settlement.record[keyPath: span] else { return -1 }
        return min(duration.wholeMicroseconds, Int64(Int32.max))
      })
  }
}

extension Settlement.End {
  fileprivate var state: String {
    switch self {
    case .succeeded: "succeeded"
    case .failed: "failed"
    case .pending: "pending"
    }
  }

  fileprivate var failure: String {
    if case .failed(let reason) = self { reason } else { "" }
  }

  fileprivate var delay: Duration {
    if case .pending(let delay, _) = self { delay } else { .zero }
  }

  /// An attempt that ended the delivery counts too.
  var spendsBudget: Bool {
    if case .pending(_, let spends) = self { spends } else { true }
  }
}
