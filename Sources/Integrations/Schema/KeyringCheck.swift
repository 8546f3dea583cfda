package import KeyRules
package import PostgresClient
package import Reactor

/// Compares the keyring with the keys that the database's data was written with, and records those
/// that it will be written with: a key that is not primary yet may still be unknown elsewhere.
package struct KeyringCheck: Sendable {
  private let database: Database

  package init(database: Database) { self.database = database }

  /// The recorded keys that a ring lacks or has differently. Records nothing.
  package func missing(
    from keyring: Keyring, deadline: Deadline
  ) async throws(DatabaseError) -> [KeyFingerprint] {
    keyring.missing(
      among: try await database.rows(KeyringQueries.all, [], in: .worker, deadline: deadline))
  }

  /// Whether no data has been written with any keyring yet.
  package func isNew(deadline: Deadline) async throws(DatabaseError) -> Bool {
    try await database.rows(KeyringQueries.all, [], in: .worker, deadline: deadline).isEmpty
  }

  /// - Returns: the recorded keys that the ring lacks or has differently; empty when it fits. Only
  ///   then are its primary keys recorded.
  package func run(_ keyring: Keyring, deadline: Deadline) async throws -> [KeyFingerprint] {
    try await database.transaction(in: .worker, deadline: deadline) { transaction in
      let recorded = try await transaction.rows(KeyringQueries.all, [])
      let missing = keyring.missing(among: recorded)
      guard missing.isEmpty else { return missing }
      for fingerprint in keyring.primaryFingerprints where !recorded.contains(fingerprint) {
        try await transaction.execute(
          KeyringQueries.add,
          [
            .text(fingerprint.purpose.rawValue), .int(Int64(fingerprint.version)),
            .bytes(fingerprint.bytes),
          ])
      }
      // Another daemon may have been faster, with another ring.
      return keyring.missing(among: try await transaction.rows(KeyringQueries.all, []))
    }
  }
}

/// The statements on `integrationd.keyring_fingerprints`.
package enum KeyringQueries {
  static let all = Query(
    "keyring_fingerprints.all",
    """
    select purpose, version, fingerprint
    from integrationd.keyring_fingerprints
    order by purpose, version
    """
  ) { row throws(RowError) in
    let name = try row.text()
    guard let purpose = KeyPurpose(rawValue: name) else {
      throw .refused("a recorded key has a purpose this daemon does not know")
    }
    return KeyFingerprint(purpose: purpose, version: try row.int32(), bytes: try row.bytes())
  }

  /// Adds nothing when another daemon was faster.
  static let add = Query(
    "keyring_fingerprints.add",
    """
    insert into integrationd.keyring_fingerprints (purpose, version, fingerprint)
    values ($1, $2, $3)
    on conflict do nothing
    """)
}
