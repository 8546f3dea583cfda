internal import KeyRules
internal import PostgresClient
internal import Reactor

/// The only code that sees rows of `integrationd.api_keys` and `integrationd.api_key_secrets`.
struct APIKeyRepository: Sendable {
  let database: Database

  // MARK: Reading

  func find(
    _ id: APIKeyID, of tenant: TenantID, deadline: Deadline
  ) async throws(DatabaseError) -> APIKey? {
    try await Self.folded(
      database.rows(
        APIKeyQueries.find, [.uuid(tenant.uuid), .uuid(id.uuid)], in: .tenant(tenant.uuid),
        deadline: deadline)
    ).first
  }

  func find(
    _ id: APIKeyID, of tenant: TenantID, in transaction: Transaction
  ) async throws(DatabaseError) -> APIKey? {
    try await Self.folded(
      transaction.rows(APIKeyQueries.find, [.uuid(tenant.uuid), .uuid(id.uuid)])
    ).first
  }

  /// At most `limit` keys behind `cursor`, newest first.
  /// - Parameters:
  ///   - environment: only keys of this one; nil: all.
  ///   - state: only keys in this state, as the query names it; nil: all.
  func list(
    of tenant: TenantID, environment: KeyEnvironment?, state: String?, after cursor: PageCursor?,
    limit: Int, deadline: Deadline
  ) async throws(DatabaseError) -> [APIKey] {
    let start = cursor ?? .beforeNewest
    return try await Self.folded(
      database.rows(
        APIKeyQueries.list,
        [
          .uuid(tenant.uuid), .timestamp(unixMicroseconds: start.unixMicroseconds),
          .uuid(start.id), .int(Int64(limit)),
          .optional(environment) { .text($0.rawValue) }, .optional(state, SQLValue.text),
        ], in: .tenant(tenant.uuid), deadline: deadline))
  }

  /// The key that one of the digests belongs to, whoever's it is.
  func find(
    digests: [[UInt8]], deadline: Deadline
  ) async throws(DatabaseError) -> PresentedAPIKey? {
    try await database.rows(
      APIKeyQueries.findByDigest, [.bytesArray(digests)], in: .unscoped, deadline: deadline
    ).first
  }

  /// A key comes as one row for each live secret, all of them in a row.
  private static func folded(_ rows: [APIKey]) -> [APIKey] {
    var keys: [APIKey] = []
    for row in rows {
      if keys.last?.id == row.id {
        keys[keys.count - 1].secrets += row.secrets
      } else {
        keys.append(row)
      }
    }
    return keys
  }

  // MARK: Changing

  /// Nil when there is no such tenant.
  func lock(
    _ tenant: TenantID, in transaction: Transaction
  ) async throws(DatabaseError) -> LockedTenant? {
    try await transaction.rows(APIKeyQueries.lockTenant, [.uuid(tenant.uuid)]).first
  }

  /// Nil when there is no such key.
  func lock(
    _ id: APIKeyID, of tenant: TenantID, in transaction: Transaction
  ) async throws(DatabaseError) -> LockedAPIKey? {
    try await transaction.rows(
      APIKeyQueries.lock, [.uuid(tenant.uuid), .uuid(id.uuid)]
    ).first
  }

  /// How many keys are not revoked.
  func countLive(
    of tenant: TenantID, in transaction: Transaction
  ) async throws(DatabaseError) -> Int64 {
    try await transaction.rows(APIKeyQueries.countLive, [.uuid(tenant.uuid)]).first ?? 0
  }

  func insert(
    _ id: APIKeyID, of tenant: TenantID, _ settings: APIKeySettings, _ secret: IssuedSecret,
    in transaction: Transaction
  ) async throws(DatabaseError) {
    try await transaction.execute(
      APIKeyQueries.insert,
      [
        .uuid(tenant.uuid), .uuid(id.uuid), .text(settings.keyName),
        .text(settings.environment.rawValue), .textArray(settings.allowedEndpoints),
        .textArray(settings.allowedIPAddresses), .int(Int64(settings.rateLimitPerMinute)),
        .int(Int64(settings.rateLimitPerHour)), Self.time(settings.expiresAt),
        .int(Int64(settings.rotationFrequencyDays)), .text(settings.notes),
        .bool(secret.signing != nil),
      ] + Self.columns(secret))
  }

  func update(
    _ id: APIKeyID, of tenant: TenantID, _ change: APIKeyChange, in transaction: Transaction
  ) async throws(DatabaseError) {
    try await transaction.execute(
      APIKeyQueries.update,
      [
        .uuid(tenant.uuid), .uuid(id.uuid), .optional(change.keyName, SQLValue.text),
        .optional(change.isActive, SQLValue.bool),
        .optional(change.allowedEndpoints, SQLValue.textArray),
        .optional(change.allowedIPAddresses, SQLValue.textArray),
        Self.number(change.rateLimitPerMinute), Self.number(change.rateLimitPerHour),
        .bool(change.expiresAt != nil), Self.time(change.expiresAt ?? nil),
        Self.number(change.rotationFrequencyDays), .optional(change.notes, SQLValue.text),
      ])
  }

  func revoke(
    _ id: APIKeyID, of tenant: TenantID, in transaction: Transaction
  ) async throws(DatabaseError) {
    try await transaction.execute(
      APIKeyQueries.revoke, [.uuid(tenant.uuid), .uuid(id.uuid)])
  }

  /// Puts a new secret in the place of version `newest`, which lives on for `grace`.
  func rotate(
    _ id: APIKeyID, of tenant: TenantID, newest: Int32, grace: Duration, _ secret: IssuedSecret,
    in transaction: Transaction
  ) async throws(DatabaseError) {
    let key: [SQLValue] = [.uuid(tenant.uuid), .uuid(id.uuid)]
    try await transaction.execute(
      APIKeyQueries.retire, key + [.int(Int64(newest)), .int(grace.wholeMicroseconds)])
    try await transaction.execute(APIKeyQueries.rotate, key + Self.columns(secret))
  }

  /// Stores the digest made with a newer pepper.
  func rehash(
    _ key: PresentedAPIKey, digest: [UInt8], pepperVersion: Int32, deadline: Deadline
  ) async throws {
    // A transaction of its own: a single statement could share one with others and would then hold
    // the row while it waits for theirs.
    _ = try await database.transaction(in: .tenant(key.tenant.uuid), deadline: deadline) {
      transaction in
      try await transaction.execute(
        APIKeyQueries.rehash,
        [
          .uuid(key.tenant.uuid), .uuid(key.id.uuid), .int(Int64(key.secretVersion)),
          .bytes(digest), .int(Int64(pepperVersion)),
        ])
    }
  }

  private static func columns(_ secret: IssuedSecret) -> [SQLValue] {
    [
      .int(Int64(secret.version)), .bytes(secret.digest), .int(Int64(secret.pepperVersion)),
      .text(secret.token.prefix), .text(secret.token.lastFour),
      .optional(secret.sealedSigning, SQLValue.bytes),
    ]
  }

  private static func number(_ number: Int32?) -> SQLValue {
    .optional(number) { .int(Int64($0)) }
  }

  private static func time(_ time: UnixTime?) -> SQLValue {
    .optional(time) { .timestamp(unixMicroseconds: $0.microseconds) }
  }
}
