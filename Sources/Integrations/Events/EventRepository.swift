internal import PostgresClient
internal import Reactor

/// The only code that sees rows of `integrationd.events`.
struct EventRepository: Sendable {
  let database: Database

  /// Offers events, each for itself: together with what other callers do in this turn of the loop it
  /// is one commit.
  func accept(
    _ events: [NewEvent], of tenant: TenantID, deadline: Deadline
  ) async throws(DatabaseError) -> [EventQueries.Offer] {
    try await database.rows(
      EventQueries.accept, Self.columns(events, tenant), in: .tenant(tenant.uuid),
      deadline: deadline)
  }

  func accept(
    _ events: [NewEvent], of tenant: TenantID, in transaction: Transaction
  ) async throws(DatabaseError) -> [EventQueries.Offer] {
    try await transaction.rows(EventQueries.accept, Self.columns(events, tenant))
  }

  /// The events that have the ids or keys of those that were offered.
  func holders(
    of events: [NewEvent], of tenant: TenantID, deadline: Deadline
  ) async throws(DatabaseError) -> [EventQueries.Holder] {
    try await database.rows(
      EventQueries.held, Self.columns(events, tenant), in: .tenant(tenant.uuid),
      deadline: deadline)
  }

  func find(
    _ id: EventID, of tenant: TenantID, deadline: Deadline
  ) async throws(DatabaseError) -> EventRecord? {
    try await database.row(
      EventQueries.find, [.uuid(tenant.uuid), .uuid(id.uuid)], in: .tenant(tenant.uuid),
      deadline: deadline)
  }

  /// At most `limit` events behind `cursor`, newest first, without payloads.
  /// - Parameter type: only events of this type; empty: all.
  func list(
    of tenant: TenantID, type: String, after cursor: PageCursor?, limit: Int, deadline: Deadline
  ) async throws(DatabaseError) -> [EventRecord] {
    let start = cursor ?? .beforeNewest
    return try await database.rows(
      EventQueries.list,
      [
        .uuid(tenant.uuid), .timestamp(unixMicroseconds: start.unixMicroseconds), .uuid(start.id),
        .int(Int64(limit)), .text(type),
      ], in: .tenant(tenant.uuid), deadline: deadline)
  }

  /// Deletes at most `limit` events older than `age`, with everything that hangs on them.
  /// - Returns: how many.
  func purge(olderThan age: Duration, limit: Int, deadline: Deadline) async throws -> Int {
    // Who owes an old event again at this moment may be in the way.
    try await database.transaction(in: .worker, deadline: deadline, retries: .upTo(3)) {
      transaction in
      let old = try await transaction.rows(
        EventQueries.lockOld, [.int(age.wholeMicroseconds), .int(Int64(limit))])
      guard !old.isEmpty else { return 0 }
      // A statement of its own: only a later one sees who was faster than the lock.
      let purged = try await transaction.row(
        EventQueries.purge, [.uuidArray(old.map(\.tenant)), .uuidArray(old.map(\.id))])
      return Int(purged ?? 0)
    }
  }

  private static func columns(_ events: [NewEvent], _ tenant: TenantID) -> [SQLValue] {
    [
      .uuid(tenant.uuid), .uuidArray(events.map(\.id.uuid)), .textArray(events.map(\.type)),
      .bytesArray(events.map(\.data)), .textArray(events.map { $0.idempotencyKey ?? "" }),
    ]
  }
}
