internal import KeyRules
internal import PostgresClient

/// Where the answer of one key is kept: a key belongs to a caller and a tenant.
struct IdempotencyPlace: Sendable {
  let tenant: TenantID
  let caller: String
  let key: IdempotencyKey

  /// The primary key, as `$1`, `$2`, `$3`.
  var columns: [SQLValue] { [.uuid(tenant.uuid), .text(caller), .text(key.text)] }

  /// Binds an answer to its row and the moment the key was claimed, so that an older answer cannot
  /// be put in its place. A caller's name holds no line feed.
  func context(revision: Int64) -> EnvelopeContext {
    EnvelopeContext(
      tenant: tenant.description, table: "idempotent_requests", column: "response",
      row: "\(caller)\n\(key.text)", revision: revision)
  }
}
