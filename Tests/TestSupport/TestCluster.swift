import Glibc
import Logging
import PostgresClient
import Reactor

/// A real PostgreSQL for tests.
///
/// Most tests share one, see ``shared()``, and have a database each, see ``TestDatabase``. A test
/// that stops or breaks the server starts its own, see ``start(durability:)``.
package final class TestCluster: Sendable {
  package let cluster: EmbeddedCluster
  private let directory: ThrowAwayDirectory
  private let loops: EventLoopGroup

  private init(
    cluster: EmbeddedCluster, directory: ThrowAwayDirectory, loops: EventLoopGroup
  ) {
    self.cluster = cluster
    self.directory = directory
    self.loops = loops
  }

  deinit {
    directory.release()
  }

  /// The cluster of this process, started by whoever asks first.
  package static func shared() async throws -> TestCluster {
    try await Shared.instance.value()
  }

  /// A cluster of the caller's own. It ends with this object, or with the process.
  /// - Parameter durability: `.volatile` is several times faster, and survives a crash of the
  ///   server but not one of the machine.
  package static func start(
    durability: EmbeddedCluster.Durability = .volatile, maxConnections: Int = 800
  ) async throws -> TestCluster {
    try await start(from: .template, durability, maxConnections)
  }

  private enum Origin {
    /// Quicker for the first cluster of a process.
    case initdb
    /// Quicker for all others.
    case template
  }

  private static func start(
    from origin: Origin, _ durability: EmbeddedCluster.Durability, _ maxConnections: Int
  ) async throws -> TestCluster {
    let loops = try EventLoopGroup(count: 1, name: "test-cluster")
    let loop = loops.loops[0]
    let directory = try await ThrowAwayDirectory(on: loop)
    if origin == .template {
      try await ClusterTemplate.instance.copy(to: directory.path + "/state", on: loop)
    }
    let configuration = EmbeddedCluster.Configuration(
      stateDirectory: directory.path + "/state", durability: durability,
      maxConnections: maxConnections)
    let cluster = try await EmbeddedCluster.start(
      configuration, on: loop, logger: Logger(label: "test-cluster"))
    return TestCluster(cluster: cluster, directory: directory, loops: loops)
  }

  /// Stops the server and starts it again; sessions are cut.
  /// - Parameter mode: `.immediate` is a crash with recovery.
  package func restart(_ mode: EmbeddedCluster.RestartMode) async throws {
    try await cluster.restart(mode, deadline: .within(.seconds(120)))
  }

  /// Kills one server process with SIGKILL: PostgreSQL then ends all sessions and recovers.
  package func killProcess(_ pid: Int32) {
    kill(pid, SIGKILL)
  }

  /// Runs SQL as the superuser, or as another role; several statements are one transaction.
  @discardableResult
  package func execute(
    _ sql: String, in database: String = "postgres", as role: ClusterRole = .superuser
  ) async throws -> [AdminRow] {
    let deadline = Deadline.within(.seconds(120))
    let session = try await AdminSession.open(
      cluster.connectionString(for: role, database: database), deadline: deadline)
    let rows = try await session.execute(sql, deadline: deadline)
    await session.close()
    return rows
  }

  private actor Shared {
    static let instance = Shared()
    private var starting: Task<TestCluster, any Error>?

    func value() async throws -> TestCluster {
      if let starting { return try await starting.value }
      let task = Task {
        let loops = try EventLoopGroup(count: 1, name: "test-cleaner")
        try await ThrowAwayDirectory.removeStale(on: loops.loops[0])
        await loops.shutdown()
        return try await TestCluster.start(from: .initdb, .volatile, 200)
      }
      starting = task
      return try await task.value
    }
  }
}
