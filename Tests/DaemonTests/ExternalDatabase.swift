import PostgresClient
import TestSupport

/// An empty database that daemons are pointed at, as an operator would: one login, which owns it
/// and may take on the daemon's roles.
struct ExternalDatabase {
  let store: TestDatabase

  init() async throws {
    store = try await TestDatabase.make(on: Server.shared.value())
  }

  var conninfo: String { store.connectionString(for: .owner) }

  /// What a daemon on it is started with.
  func options(_ home: DaemonHome) async throws -> [String] {
    let keyring = home.path + "/keyring.json"
    _ = try await home.run(["keyring", "init", "--keyring", keyring])
    return ["--database-url", conninfo, "--keyring", keyring]
  }

  /// A server of these tests' own: what one role may take on there must not change what others
  /// see in theirs.
  private actor Server {
    static let shared = Server()
    private var starting: Task<TestCluster, any Error>?

    func value() async throws -> TestCluster {
      if let starting { return try await starting.value }
      let task = Task {
        let server = try await TestCluster.start()
        try await server.execute(
          "grant integrationd_app, integrationd_worker to integrationd_owner")
        return server
      }
      starting = task
      return try await task.value
    }
  }
}
