package import Logging
package import Reactor
internal import Synchronization

/// A private PostgreSQL for a daemon that was given no database: the system's own programs, a
/// cluster in the state directory, reachable through a Unix socket by the daemon's user only.
///
/// One daemon holds a cluster at a time. When the daemon is killed the server stays, and the next
/// daemon takes it over.
package final class EmbeddedCluster: Sendable {
  private struct State {
    var server: Postmaster
    var phase = Phase.running
  }

  private enum Phase {
    case running, restarting, stopped
  }

  private let layout: ClusterLayout
  private let launcher: ServerLauncher
  private let logger: Logger
  /// Held until the cluster is stopped, or gone.
  private let lock: FileLock
  private let state: Mutex<State>

  private init(
    layout: ClusterLayout, launcher: ServerLauncher, lock: FileLock, server: Postmaster,
    logger: Logger
  ) {
    self.layout = layout
    self.launcher = launcher
    self.lock = lock
    self.logger = logger
    state = Mutex(State(server: server))
  }

  /// Makes the cluster if there is none (``SetUp``), and starts its server if none runs.
  /// - Returns: a cluster that accepts connections, with roles and database.
  package static func start(
    _ configuration: Configuration, on loop: EventLoop, logger: Logger
  ) async throws(EmbeddedClusterError) -> EmbeddedCluster {
    let deadline = Deadline.within(configuration.startLimit)
    let plan = try await ClusterPlan(configuration, on: loop)
    let layout = plan.layout
    switch configuration.setUp {
    case .complete:
      let initialiser = ClusterInitialiser(
        layout: layout, user: plan.user, installation: plan.installation,
        durability: configuration.durability, loop: loop)
      try initialiser.removeUnfinished()
      if plan.isNew {
        logger.info("making a PostgreSQL cluster", metadata: ["directory": "\(layout.data)"])
        try await initialiser.run(deadline: deadline)
      }
      try plan.writeSettings()
    case .asFound: if plan.isNew { throw .notFound(dataDirectory: layout.data) }
    }
    let launcher = ServerLauncher(
      layout: layout, user: plan.user, installation: plan.installation, settings: plan.settings,
      loop: loop)
    let server = try await launcher.launch(deadline: deadline)
    let cluster = EmbeddedCluster(
      layout: layout, launcher: launcher, lock: plan.lock, server: server, logger: logger)
    if configuration.setUp == .asFound { return cluster }
    do throws(AdminError) {
      try await cluster.bootstrap(deadline: deadline)
    } catch {
      // The first error tells more than one about stopping would.
      try? await cluster.stop(within: .seconds(5))
      throw error == .cancelled ? .cancelled : .bootstrap(error)
    }
    return cluster
  }

  /// The server's process id: another after a restart.
  package var serverProcessID: Int32 { state.withLock { $0.server.pid } }

  /// Whether this daemon found the server running instead of starting it.
  package var isAdopted: Bool {
    state.withLock { if case .adopted = $0.server { true } else { false } }
  }

  /// A libpq connection string for one of the roles.
  package func connectionString(
    for role: ClusterRole, database: String = EmbeddedCluster.databaseName
  ) -> String {
    "host=\(quoted(layout.socketDirectory)) port=\(ClusterLayout.port) dbname=\(quoted(database)) "
      + "user=\(role.roleName)"
  }

  /// The statements that a start with ``SetUp/complete`` would run for roles and database. Changes
  /// nothing.
  package func missing(deadline: Deadline) async throws(AdminError) -> [String] {
    let session = try await administer(deadline: deadline)
    let statements = try await ClusterBootstrap().missing(session, deadline: deadline)
    await session.close()
    return statements
  }

  /// Whether there is a cluster below a state directory, as far as this process may see. Changes
  /// nothing.
  package static func exists(in stateDirectory: String) -> Bool {
    ClusterLayout.holdsCluster(stateDirectory)
  }

  /// The database that belongs to the owner role.
  package static let databaseName = ClusterBootstrap.database

  /// Restarts the server whenever it dies and keeps its log bounded, until the task is cancelled.
  /// The server then still runs: see ``stop(within:)``.
  package func run() async {
    await ClusterSupervisor(cluster: self, logger: logger).run()
  }

  /// Ends the server and gives the state directory up: fast, and immediately when that takes longer
  /// than `limit`. Stopping twice is not an error. Also works in a cancelled task.
  /// - Throws: ``EmbeddedClusterError/stopFailed(pid:)``.
  package func stop(within limit: Duration = .seconds(10)) async throws(EmbeddedClusterError) {
    try await ServerShutdown(server: enter(.stopped)).run(within: limit)
    lock.release()
  }

  /// Stops the server and starts it again.
  package func restart(
    _ mode: RestartMode, deadline: Deadline
  ) async throws(EmbeddedClusterError) {
    let server = enter(.restarting)
    if mode == .immediate { server.shutDownImmediately() }
    try await ServerShutdown(server: server).run(within: deadline.remaining)
    try await relaunch(deadline: deadline)
  }

  // MARK: For the supervisor

  var server: Postmaster { state.withLock { $0.server } }

  /// Whether the server is gone although nobody stopped it.
  var hasDied: Bool {
    let (server, phase) = state.withLock { ($0.server, $0.phase) }
    return phase == .running && !server.isAlive
  }

  var log: ServerLog { ServerLog(path: layout.log, previousPath: layout.previousLog) }

  /// Starts the server again, unless the cluster was stopped.
  func relaunch(deadline: Deadline) async throws(EmbeddedClusterError) {
    if state.withLock({ $0.phase == .stopped }) { return }
    enter(.restarting)
    do throws(EmbeddedClusterError) {
      let server = try await launcher.launch(deadline: deadline)
      let isStopped = state.withLock { state in
        state.server = server
        if state.phase == .restarting { state.phase = .running }
        return state.phase == .stopped
      }
      // Stopped while the new server was starting: what was stopped then was the old one.
      if isStopped { try await ServerShutdown(server: server).run(within: .seconds(10)) }
    } catch {
      // Seen as dead, the server will be started again.
      state.withLock { if $0.phase == .restarting { $0.phase = .running } }
      throw error
    }
  }

  // MARK: Private

  /// - Returns: the server that runs in this moment. Nothing leaves the stopped phase.
  @discardableResult
  private func enter(_ phase: Phase) -> Postmaster {
    state.withLock { state in
      if state.phase != .stopped { state.phase = phase }
      return state.server
    }
  }

  private func bootstrap(deadline: Deadline) async throws(AdminError) {
    let session = try await administer(deadline: deadline)
    try await ClusterBootstrap().run(session, deadline: deadline)
    await session.close()
  }

  private func administer(deadline: Deadline) async throws(AdminError) -> AdminSession {
    try await AdminSession.open(
      connectionString(for: .superuser, database: "postgres"), deadline: deadline)
  }

  /// A value of a connection string ("Keyword/Value Connection Strings" in the manual).
  private func quoted(_ value: String) -> String {
    let escaped = value.flatMap { $0 == "'" || $0 == "\\" ? ["\\", $0] : [$0] }
    return "'" + String(escaped) + "'"
  }
}
