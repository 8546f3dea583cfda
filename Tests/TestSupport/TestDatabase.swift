import PostgresClient
import Reactor
import Synchronization

/// A database of one test's own, with a schema, in a server that tests share. It is dropped some
/// time after its last owner has let it go.
package final class TestDatabase: Sendable {
  package let name: String
  package let server: TestCluster

  /// A server of one test's own takes its databases with it.
  private let isOnSharedServer: Bool

  private init(name: String, server: TestCluster, isOnSharedServer: Bool) {
    self.name = name
    self.server = server
    self.isOnSharedServer = isOnSharedServer
  }

  deinit {
    if isOnSharedServer { Self.unused.withLock { $0.append(name) } }
  }

  /// Makes a database with these migrations applied. The first call for a list of migrations
  /// applies them to a template; the others copy it.
  /// - Parameter server: nil: the one all tests share.
  package static func make(
    _ migrations: [Migration] = [], on server: TestCluster? = nil
  ) async throws -> TestDatabase {
    let isOnSharedServer = server == nil
    let server = if let server { server } else { try await TestCluster.shared() }
    if isOnSharedServer { try await dropUnused(on: server) }
    let template = try await Templates.instance.template(for: migrations, on: server)
    let name = uniqueName("test")
    try await server.execute(
      """
      create database \(name) owner \(ClusterRole.owner.roleName) template \(template)
      """)
    try await TestDatabase.restrict(name, on: server)
    return TestDatabase(name: name, server: server, isOnSharedServer: isOnSharedServer)
  }

  /// A libpq connection string.
  package func connectionString(for role: ClusterRole) -> String {
    server.cluster.connectionString(for: role, database: name)
  }

  /// Runs SQL on this database; several statements are one transaction.
  @discardableResult
  package func execute(
    _ sql: String, as role: ClusterRole = .superuser
  ) async throws -> [AdminRow] {
    try await server.execute(sql, in: name, as: role)
  }

  /// Ends all sessions on this database, as an administrator would (57P01).
  /// - Returns: how many there were.
  @discardableResult
  package func terminateBackends() async throws -> Int {
    let rows = try await server.execute(
      """
      select count(pg_terminate_backend(pid)) as ended
      from pg_stat_activity
      where datname = '\(name)'
      """)
    return try rows.first?.int("ended") ?? 0
  }

  // MARK: Private

  private static let unused = Mutex<[String]>([])

  private static func dropUnused(on server: TestCluster) async throws {
    let names = unused.withLock { names in
      defer { names = [] }
      return names
    }
    for name in names {
      try await server.execute("drop database \(name) with (force)")
    }
  }

  static func restrict(_ name: String, on server: TestCluster) async throws {
    try await server.execute(
      """
      revoke all on database \(name) from public;
      grant connect on database \(name)
        to \(ClusterRole.app.roleName), \(ClusterRole.worker.roleName);
      """)
  }

  static func uniqueName(_ prefix: String) -> String {
    prefix + "_" + String(UInt64.random(in: .min ... .max), radix: 36)
  }
}

/// The databases that are copied: one per server and list of migrations.
private actor Templates {
  static let instance = Templates()

  private struct Key: Hashable {
    /// Where it listens. An object's identity is another server's once it is gone.
    let server: String
    let migrations: [Migration]
  }

  private var templates: [Key: Task<String, any Error>] = [:]

  func template(for migrations: [Migration], on server: TestCluster) async throws -> String {
    let key = Key(
      server: server.cluster.connectionString(for: .owner), migrations: migrations)
    if let known = templates[key] { return try await known.value }
    let task = Task {
      let name = TestDatabase.uniqueName("template")
      try await server.execute(
        """
        create database \(name) owner \(ClusterRole.owner.roleName) template template0
        """)
      let conninfo = server.cluster.connectionString(for: .owner, database: name)
      try await Migrator(migrations).migrate(conninfo, deadline: .within(.seconds(120)))
      return name
    }
    templates[key] = task
    return try await task.value
  }
}
