package import KeyRules
package import PostgresClient
internal import Reactor

/// The only code that sees rows of `integrationd.webhooks` and `integrationd.webhook_statistics`. It
/// opens and seals their credentials: every revision of a row has an envelope of its own.
package struct WebhookRepository: Sendable {
  let database: Database
  let vault: WebhookVault

  package init(database: Database, keyring: Keyring) {
    self.database = database
    vault = WebhookVault(keyring: keyring)
  }

  // MARK: Reading

  /// Nil when there is no such webhook.
  /// - Throws: `DatabaseError`; ``ServiceError`` `internal` when its credentials cannot be read.
  func find(_ lane: WebhookLane, deadline: Deadline) async throws -> WebhookRecord? {
    try await database.row(
      WebhookQueries.find, lane.webhook.uuid, of: lane.tenant.uuid, deadline: deadline
    ).map(opened)
  }

  func find(_ lane: WebhookLane, in transaction: Transaction) async throws -> WebhookRecord? {
    try await transaction.row(WebhookQueries.find, lane.webhook.uuid).map(opened)
  }

  /// At most `limit` webhooks behind `cursor`, newest first.
  /// - Parameters:
  ///   - state: only webhooks in this state, as the query names it; nil: all.
  ///   - subscriptions: only webhooks that have one of these; nil: all.
  /// - Throws: as ``find(_:deadline:)``.
  func list(
    of tenant: TenantID, state: String?, subscriptions: [String]?, after cursor: PageCursor?,
    limit: Int, deadline: Deadline
  ) async throws -> [WebhookRecord] {
    let start = cursor ?? .beforeNewest
    return try await database.rows(
      WebhookQueries.list,
      [
        .uuid(tenant.uuid), .timestamp(unixMicroseconds: start.unixMicroseconds),
        .uuid(start.id), .int(Int64(limit)), .optional(state, SQLValue.text),
        .optional(subscriptions, SQLValue.textArray),
      ], in: .tenant(tenant.uuid), deadline: deadline
    ).map(opened)
  }

  // MARK: Changing

  /// Nil when there is no such tenant.
  func lock(
    _ tenant: TenantID, in transaction: Transaction
  ) async throws(DatabaseError) -> LockedTenant? {
    try await transaction.rows(APIKeyQueries.lockTenant, [.uuid(tenant.uuid)]).first
  }

  /// The row, locked, its envelope not opened. Nil when there is no such webhook.
  func lockRow(
    _ lane: WebhookLane, in transaction: Transaction
  ) async throws(DatabaseError) -> WebhookRow? {
    try await transaction.rows(WebhookQueries.lock, Self.key(lane)).first
  }

  /// The webhook, locked. Nil when there is none.
  /// - Throws: as ``find(_:deadline:)``.
  func lock(_ lane: WebhookLane, in transaction: Transaction) async throws -> WebhookRecord? {
    try await lockRow(lane, in: transaction).map(opened)
  }

  /// How many webhooks are not deleted.
  func countLive(
    of tenant: TenantID, in transaction: Transaction
  ) async throws(DatabaseError) -> Int64 {
    try await transaction.rows(WebhookQueries.countLive, [.uuid(tenant.uuid)]).first ?? 0
  }

  func insert(
    _ lane: WebhookLane, _ settings: WebhookSettings, _ credentials: WebhookCredentials,
    in transaction: Transaction
  ) async throws {
    let sealed = try sealed(credentials, lane, revision: 1)
    try await transaction.execute(
      WebhookQueries.insert,
      Self.key(lane) + Self.columns(settings, sealed: sealed, disabledReason: "", revision: 1))
  }

  /// Writes what was made of a locked webhook, as its next revision.
  func update(_ webhook: WebhookRecord, in transaction: Transaction) async throws {
    let row = webhook.row
    let sealed = try sealed(webhook.credentials, row.lane, revision: row.revision + 1)
    try await transaction.execute(
      WebhookQueries.update,
      Self.key(row.lane)
        + Self.columns(
          row.settings, sealed: sealed, disabledReason: row.disabledReason,
          revision: row.revision + 1))
  }

  /// Deletes a locked webhook for everybody, and its credentials for good.
  func delete(_ row: WebhookRow, in transaction: Transaction) async throws {
    let nothing = try sealed(WebhookCredentials(), row.lane, revision: row.revision + 1)
    try await transaction.execute(
      WebhookQueries.delete, Self.key(row.lane) + [.bytes(nothing), .int(row.revision + 1)])
  }

  /// How many deliveries are owed to a webhook.
  func countOwed(
    _ lane: WebhookLane, in transaction: Transaction
  ) async throws(DatabaseError) -> Int64 {
    try await transaction.rows(WebhookQueries.countOwed, Self.key(lane)).first ?? 0
  }

  /// Cancels at most `limit` deliveries that are owed to a webhook.
  /// - Returns: how many.
  @discardableResult
  func cancelOwed(
    _ lane: WebhookLane, limit: Int, in transaction: Transaction
  ) async throws(DatabaseError) -> Int {
    let parameters = Self.key(lane) + [.int(Int64(limit))]
    return Int(try await transaction.rows(WebhookQueries.cancelOwed, parameters).first ?? 0)
  }

  /// Disables an active webhook because of what its receiver answered, in a transaction of the
  /// worker's own, after the attempt was settled: settling holds deliveries, and a webhook's row comes
  /// before those.
  /// - Parameter reason: not empty, for people, as in `the receiver answered 410`.
  package func disable(
    _ lane: WebhookLane, reason: String, in transaction: Transaction
  ) async throws(DatabaseError) {
    try await transaction.execute(WebhookQueries.disable, Self.key(lane) + [.text(reason)])
  }

  // MARK: Columns

  static func key(_ lane: WebhookLane) -> [SQLValue] {
    [.uuid(lane.tenant.uuid), .uuid(lane.webhook.uuid)]
  }

  private static func columns(
    _ settings: WebhookSettings, sealed: [UInt8], disabledReason: String, revision: Int64
  ) -> [SQLValue] {
    let (authentication, retry) = (settings.authentication, settings.retry)
    return [
      .text(settings.name), .text(settings.url), .textArray(settings.subscribedEvents),
      .text(authentication.name), .text(authentication.form?.name ?? ""),
      .text(authentication.form?.header ?? ""), .bytes(sealed), .text(settings.method),
      .int(settings.timeoutMs), .bool(retry.isEnabled), .int(Int64(retry.maxRetries)),
      .int(retry.delayMs), .text(retry.preset.rawValue), .intArray(retry.delaysMs),
      .int(Int64(retry.jitterPercent)), .intArray(retry.rules.numbers),
      .bool(settings.isActive), .text(disabledReason), .int(revision),
    ]
  }

  private func opened(_ row: WebhookRow) throws -> WebhookRecord {
    do throws(WebhookVaultError) {
      return WebhookRecord(
        row: row, credentials: try vault.open(row.sealed, for: row.lane, revision: row.revision))
    } catch {
      throw error.serviceError(row.lane)
    }
  }

  private func sealed(
    _ credentials: WebhookCredentials, _ lane: WebhookLane, revision: Int64
  ) throws -> [UInt8] {
    do throws(WebhookVaultError) {
      return try vault.seal(credentials, for: lane, revision: revision)
    } catch {
      throw error.serviceError(lane)
    }
  }
}
