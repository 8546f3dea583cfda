internal import PostgresClient
internal import Reactor

/// The only code that sees rows of `integrationd.tenants`.
struct TenantRepository: Sendable {
  let database: Database

  /// Adds a tenant. Nil when the id is taken.
  func insert(
    _ id: TenantID, displayName: String, in transaction: Transaction
  ) async throws -> TenantRecord? {
    try await transaction.rows(TenantQueries.insert, [.uuid(id.uuid), .text(displayName)]).first
  }

  /// The tenant with an id, if there is one.
  func find(_ id: TenantID, deadline: Deadline) async throws -> TenantRecord? {
    try await database.rows(
      TenantQueries.find, [.uuid(id.uuid)], in: .tenant(id.uuid), deadline: deadline
    ).first
  }

  /// Suspends an active tenant; leaves a suspended one as it is. Nil when there is none.
  func suspend(
    _ id: TenantID, reason: String, in transaction: Transaction
  ) async throws -> TenantRecord? {
    let changed = try await transaction.rows(
      TenantQueries.suspend, [.uuid(id.uuid), .text(reason)])
    if let changed = changed.first { return changed }
    return try await transaction.rows(TenantQueries.find, [.uuid(id.uuid)]).first
  }

  /// Ends a suspension; leaves an active tenant as it is. Nil when there is none.
  func resume(
    _ id: TenantID, in transaction: Transaction
  ) async throws -> TenantRecord? {
    let changed = try await transaction.rows(TenantQueries.resume, [.uuid(id.uuid)])
    if let changed = changed.first { return changed }
    return try await transaction.rows(TenantQueries.find, [.uuid(id.uuid)]).first
  }

  /// At most `limit` tenants behind `cursor`, newest first.
  /// - Parameters:
  ///   - isSuspended: only tenants in that state; nil: all.
  ///   - visible: only these tenants; nil: all.
  func list(
    isSuspended: Bool?, visible: Set<TenantID>?, after cursor: PageCursor?, limit: Int,
    deadline: Deadline
  ) async throws -> [TenantRecord] {
    let start = cursor ?? .beforeNewest
    let page: [SQLValue] = [
      .timestamp(unixMicroseconds: start.unixMicroseconds), .uuid(start.id), .int(Int64(limit)),
    ]
    let state = isSuspended.map { SQLValue.text($0 ? "suspended" : "active") }
    let scope = Scope.tenant(TenantID.directory.uuid)
    if let visible {
      let ids = SQLValue.uuidArray(visible.map(\.uuid))
      return try await database.rows(
        TenantQueries.listVisible, page + [state ?? .null, ids], in: scope, deadline: deadline)
    }
    if let state {
      return try await database.rows(
        TenantQueries.listInState, page + [state], in: scope, deadline: deadline)
    }
    return try await database.rows(TenantQueries.list, page, in: scope, deadline: deadline)
  }
}
