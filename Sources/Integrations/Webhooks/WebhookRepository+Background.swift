internal import PostgresClient
internal import Reactor

/// What background work does with webhooks of all tenants, as the worker.
extension WebhookRepository {
  /// At most `limit` envelopes behind `last` that were sealed with an older key-encryption key than
  /// `version`, in the order of their keys.
  func sealed(
    before version: Int32, after last: WebhookLane, limit: Int, deadline: Deadline
  ) async throws(DatabaseError) -> [SealedWebhook] {
    let bytes = stride(from: 24, through: 0, by: -8).map {
      UInt8(truncatingIfNeeded: version >> Int32($0))
    }
    return try await database.rows(
      WebhookQueries.sealedBefore, [.bytes(bytes)] + Self.key(last) + [.int(Int64(limit))],
      in: .worker, deadline: deadline)
  }

  /// Puts `envelope` in the place of the one that was read, unless that has been replaced.
  func replace(
    _ webhook: SealedWebhook, with envelope: [UInt8], deadline: Deadline
  ) async throws -> Bool {
    // A transaction of its own: a single statement could share one with others and would then hold
    // the row while it waits for theirs.
    try await database.transaction(in: .worker, deadline: deadline) { transaction in
      try await transaction.execute(
        WebhookQueries.rewrap,
        Self.key(webhook.lane)
          + [.int(webhook.revision), .bytes(webhook.envelope), .bytes(envelope)]) > 0
    }
  }

  /// Rows by the version of the key-encryption key that they need.
  func countSealed(deadline: Deadline) async throws(DatabaseError) -> [Int32: Int64] {
    let counts = try await database.rows(
      WebhookQueries.countSealed, [], in: .worker, deadline: deadline)
    return Dictionary(counts.map { ($0.version, $0.rows) }, uniquingKeysWith: +)
  }
}
