package import PostgresClient
package import Reactor

/// The only code that sees rows of `integrationd.event_types`.
package struct EventTypeRepository: Sendable {
  private let database: Database

  package init(database: Database) { self.database = database }

  /// What there is to know about the schema of a type.
  package enum SchemaReading: Hashable, Sendable {
    /// There is no such type, or it has no schema.
    case absent
    /// As it was at the moment that was asked about.
    case unchanged
    case changed([UInt8], at: UnixTime)
  }

  // MARK: Reading

  func find(
    _ name: String, of tenant: TenantID, deadline: Deadline
  ) async throws(DatabaseError) -> EventTypeRecord? {
    try await database.rows(
      EventTypeQueries.find, [.uuid(tenant.uuid), .text(name)], in: .tenant(tenant.uuid),
      deadline: deadline
    ).first
  }

  /// At most `limit` types behind the name `last`, by name, without schemas.
  /// - Parameters:
  ///   - prefix: only types whose name begins so.
  ///   - includingArchived: archived types too.
  func list(
    of tenant: TenantID, prefix: String, includingArchived: Bool, after last: String, limit: Int,
    deadline: Deadline
  ) async throws(DatabaseError) -> [EventTypeRecord] {
    try await database.rows(
      EventTypeQueries.list,
      [
        .uuid(tenant.uuid), .text(last), .text(prefix), .bool(includingArchived),
        .int(Int64(limit)),
      ], in: .tenant(tenant.uuid), deadline: deadline)
  }

  /// The schema of a type, unless it is the one of `known`.
  package func schema(
    of name: String, tenant: TenantID, unless known: UnixTime?, deadline: Deadline
  ) async throws(DatabaseError) -> SchemaReading {
    let found = try await database.rows(
      EventTypeQueries.schema,
      [
        .uuid(tenant.uuid), .text(name),
        .optional(known) { .timestamp(unixMicroseconds: $0.microseconds) },
      ], in: .tenant(tenant.uuid), deadline: deadline)
    guard let (updatedAt, schema) = found.first else { return .absent }
    return schema.map { .changed($0, at: updatedAt) } ?? .unchanged
  }

  // MARK: Changing

  /// Nil when there is no such tenant.
  func lock(
    _ tenant: TenantID, in transaction: Transaction
  ) async throws(DatabaseError) -> LockedTenant? {
    try await transaction.rows(APIKeyQueries.lockTenant, [.uuid(tenant.uuid)]).first
  }

  /// Nil when the name is taken.
  func insert(
    _ name: String, of tenant: TenantID, description: String, schema: [UInt8],
    in transaction: Transaction
  ) async throws(DatabaseError) -> EventTypeRecord? {
    try await transaction.rows(
      EventTypeQueries.insert,
      [
        .uuid(tenant.uuid), .text(name), .text(description),
        schema.isEmpty ? .null : .bytes(schema),
      ]
    ).first
  }

  func count(
    of tenant: TenantID, in transaction: Transaction
  ) async throws(DatabaseError) -> Int64 {
    try await transaction.rows(EventTypeQueries.count, [.uuid(tenant.uuid)]).first ?? 0
  }

  /// Nil when there is no such type.
  func update(
    _ name: String, of tenant: TenantID, _ change: EventTypeChange, in transaction: Transaction
  ) async throws(DatabaseError) -> EventTypeRecord? {
    try await transaction.rows(
      EventTypeQueries.update,
      [
        .uuid(tenant.uuid), .text(name), .optional(change.description, SQLValue.text),
        .optional(change.schema, SQLValue.bytes), .optional(change.isArchived, SQLValue.bool),
      ]
    ).first
  }

  /// Whether there was such a type.
  func delete(
    _ name: String, of tenant: TenantID, in transaction: Transaction
  ) async throws(DatabaseError) -> Bool {
    try await transaction.execute(
      EventTypeQueries.delete, [.uuid(tenant.uuid), .text(name)]) > 0
  }
}
