import PostgresClient
import TestSupport

/// An empty database that daemons are pointed at, as an operator would: one login, which owns it
/// and may take on the daemon's roles.
struct ExternalDatabase {
  let store: TestDatabase

  init() async throws {
    store = try await TestDatabase.make()
    try await Login.shared.prepare(store)
  }

  var conninfo: String { store.connectionString(for: .owner) }

  /// What a daemon on it is started with.
  func options(_ home: DaemonHome) async throws -> [String] {
    let keyring = home.path + "/keyring.json"
    _ = try await home.run(["keyring", "init", "--keyring", keyring])
    return ["--database-url", conninfo, "--keyring", keyring]
  }

  /// Roles belong to the server that tests share, so they are prepared once.
  private actor Login {
    static let shared = Login()
    private var preparing: Task<Void, any Error>?

    func prepare(_ store: TestDatabase) async throws {
      if let preparing { return try await preparing.value }
      let task = Task {
        _ = try await store.execute(
          "grant integrationd_app, integrationd_worker to integrationd_owner")
      }
      preparing = task
      try await task.value
    }
  }
}
