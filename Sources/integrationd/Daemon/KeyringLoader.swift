internal import Integrations
internal import KeyRules
internal import PostgresClient
internal import Reactor

/// Reads the keyring and makes sure that it is the one the database's data was written with.
struct KeyringLoader {
  let path: String
  /// Whether the daemon may make a keyring for a database that has none yet: only for its own.
  let mayCreate: Bool

  /// - Throws: ``DaemonFailure`` `configuration`, `KeyringError`.
  func load(for database: Database, deadline: Deadline) async throws -> Keyring {
    let check = KeyringCheck(database: database)
    let keyring = try await read(check, deadline)
    let missing = try await check.run(keyring, deadline: deadline)
    guard missing.isEmpty else {
      let names = missing.map { "\($0.purpose.rawValue) \($0.version)" }.joined(separator: ", ")
      throw DaemonFailure(
        .configuration,
        "the keyring \(path) is not the one this database was written with (\(names) differs or is "
          + "missing); give the right one with --keyring")
    }
    return keyring
  }

  private func read(_ check: KeyringCheck, _ deadline: Deadline) async throws -> Keyring {
    let store = KeyringStore(path: path)
    do throws(KeyringError) {
      return try store.load()
    } catch .notFound {
      guard try await check.isNew(deadline: deadline) else {
        throw DaemonFailure(
          .configuration,
          "the keyring \(path) is gone, and this database was written with one; restore it from a "
            + "backup, or give it with --keyring")
      }
      guard mayCreate else {
        throw DaemonFailure(
          .configuration,
          "there is no keyring at \(path); make one with `integrationd keyring init` and give every "
            + "daemon of this database the same file with --keyring")
      }
      return try store.loadOrCreate()
    }
  }
}
