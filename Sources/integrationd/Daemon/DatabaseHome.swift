internal import Integrations
internal import Logging
internal import PostgresClient
internal import Reactor

/// Where the data is: a database that was named, or a PostgreSQL of the daemon's own.
struct DatabaseHome: Sendable {
  /// Nil: the database was named.
  let cluster: EmbeddedCluster?
  /// Logs in as the role that owns the tables.
  let owner: ConnectionString
  /// How the daemon itself connects.
  let connections: DatabaseConfiguration

  /// How long a database that was named may take to be reachable: the host may be starting too.
  private static let patience = Duration.seconds(10)
  /// How long `initdb`, a start after a crash, or setting up roles may take.
  private static let longestStart = Duration.seconds(120)
  /// How long looking at roles, or making them, may take.
  private static let longestQuestion = Duration.seconds(30)

  /// Starts or reaches the database and makes sure of its roles.
  /// - Parameter setUp: whether what is missing is made, see ``missing()``.
  static func open(
    _ configuration: Configuration, setUp: EmbeddedCluster.SetUp = .complete,
    loops: EventLoopGroup, logger: Logger
  ) async throws -> DatabaseHome {
    guard let database = configuration.database else {
      return try await embedded(configuration.stateDirectory, setUp, loops, logger)
    }
    let session = try await reach(database, logger)
    do throws(RolesError) {
      if setUp == .complete { try await Roles(session).ensure(deadline: .within(longestQuestion)) }
    } catch {
      await session.close()
      throw DaemonFailure(.unavailable, "\(error)")
    }
    await session.close()
    let role = { (name: ClusterRole) in
      DatabaseConfiguration.Endpoint(conninfo: database.reveal(), role: name.roleName)
    }
    return DatabaseHome(
      cluster: nil, owner: database,
      connections: sized(DatabaseConfiguration(app: role(.app), worker: role(.worker)), loops))
  }

  private static func embedded(
    _ stateDirectory: String, _ setUp: EmbeddedCluster.SetUp, _ loops: EventLoopGroup,
    _ logger: Logger
  ) async throws -> DatabaseHome {
    var configuration = EmbeddedCluster.Configuration(
      stateDirectory: stateDirectory, maxConnections: 20 + 14 * loops.loops.count,
      startLimit: longestStart)
    configuration.setUp = setUp
    let cluster = try await EmbeddedCluster.start(
      configuration, on: loops.loops[0], logger: logger)
    let endpoint = { (role: ClusterRole) in
      DatabaseConfiguration.Endpoint(conninfo: cluster.connectionString(for: role))
    }
    return DatabaseHome(
      cluster: cluster, owner: try ConnectionString(cluster.connectionString(for: .owner)),
      connections: sized(
        DatabaseConfiguration(app: endpoint(.app), worker: endpoint(.worker)), loops))
  }

  /// A machine with many cores needs fewer connections on each of its loops.
  private static func sized(
    _ configuration: DatabaseConfiguration, _ loops: EventLoopGroup
  ) -> DatabaseConfiguration {
    var configuration = configuration
    if loops.loops.count > 4 {
      configuration.readConnections = 1
      configuration.transactionConnections = 2
    }
    return configuration
  }

  private static func reach(
    _ database: ConnectionString, _ logger: Logger
  ) async throws -> AdminSession {
    let deadline = Deadline.within(patience)
    var hasWarned = false
    while true {
      do throws(AdminError) {
        return try await AdminSession.open(
          database.reveal(), deadline: deadline.sooner(.within(.seconds(5))))
      } catch {
        guard case .connection = error, deadline.remaining > .milliseconds(500) else {
          throw DaemonFailure(.unavailable, "the database of --database-url: \(error)")
        }
        if !hasWarned {
          logger.warning("waiting for the database", metadata: ["reason": "\(error)"])
        }
        hasWarned = true
        try await Task.sleep(for: .milliseconds(250))
      }
    }
  }

  /// The statements that roles (and in an embedded cluster the database) lack. Changes nothing.
  func missing() async throws(AdminError) -> [String] {
    let deadline = Deadline.within(Self.longestQuestion)
    if let cluster { return try await cluster.missing(deadline: deadline) }
    let session = try await AdminSession.open(owner.reveal(), deadline: deadline)
    let statements = try await Roles(session).missing(deadline: deadline)
    await session.close()
    return statements
  }

  /// What health reports of an embedded cluster.
  var parts: [HealthWatch.Part] {
    guard let cluster else { return [] }
    return [
      HealthWatch.Part(name: "embedded_postgres") {
        cluster.isServerRunning
          ? .healthy : ComponentStatus(.unhealthy, "has ended and is being started again")
      }
    ]
  }

  /// Looks after an embedded cluster until cancelled.
  func run() async {
    await cluster?.run()
  }

  /// Ends an embedded cluster.
  func close(_ logger: Logger) async {
    do {
      try await cluster?.stop()
    } catch {
      logger.error("the embedded PostgreSQL was not stopped", error: error)
    }
  }
}
