internal import Glibc
internal import Reactor

/// Gets a server running in a data directory: the one that runs there already, or a new one.
struct ServerLauncher {
  let layout: ClusterLayout
  let user: ClusterUser
  let installation: PostgresInstallation
  let settings: ClusterSettings
  let loop: EventLoop

  /// How long backends without a server may take to end, each time they are told.
  private static let orphanLimit: Duration = .seconds(2)

  private var processes: ServerProcess {
    ServerProcess(dataDirectory: layout.data, clusterName: layout.clusterName)
  }

  private var log: ServerLog { ServerLog(path: layout.log, previousPath: layout.previousLog) }

  /// - Returns: a server that accepts connections.
  func launch(deadline: Deadline) async throws(EmbeddedClusterError) -> Postmaster {
    if let running = try await adopt(deadline: deadline) { return running }
    return try await start(deadline: deadline)
  }

  // MARK: A server that runs already

  private func adopt(deadline: Deadline) async throws(EmbeddedClusterError) -> Postmaster? {
    guard let file = try postmasterFile() else { return nil }
    guard processes.serves(file.pid) else {
      try await clearRemains(of: file, deadline: deadline)
      return nil
    }
    let server = Postmaster.adopted(pid: file.pid, of: processes)
    // One that is going down, or listens where nobody will look, is no use.
    if file.status == .stopping || file.socketDirectory != layout.socketDirectory {
      try await ServerShutdown(server: server).run(within: deadline.remaining)
      return nil
    }
    // It still has the settings of the daemon before us.
    server.reload()
    try await waitUntilReady(server, logStart: 0, deadline: deadline)
    return server
  }

  /// The server was killed, or the machine went down.
  private func clearRemains(
    of file: PostmasterFile, deadline: Deadline
  ) async throws(EmbeddedClusterError) {
    // Its backends end by themselves unless they are busy; none may outlive the start of a new
    // server, which would refuse to share the data with it.
    let processes = processes
    let orphans = processes.all()
    for signal in [SIGQUIT, SIGKILL] {
      for orphan in orphans where processes.serves(orphan) { kill(orphan, signal) }
      let haveEnded = try await Polling.wait(until: deadline.sooner(.within(Self.orphanLimit))) {
        !orphans.contains { processes.serves($0) }
      }
      if haveEnded { break }
    }
    // A process of another program now has its id, and PostgreSQL would refuse to start. With its
    // parent's id in the file it looks further: at the shared memory that the file names.
    guard kill(file.pid, 0) == 0, let text = try ClusterFiles.read(layout.postmasterFile),
      let lineBreak = text.firstIndex(of: "\n")
    else { return }
    try ClusterFiles.overwrite(layout.postmasterFile, with: "\(getpid())\(text[lineBreak...])")
  }

  // MARK: A new server

  private func start(deadline: Deadline) async throws(EmbeddedClusterError) -> Postmaster {
    try log.keepBounded()
    let logStart = try log.end()
    let command = ServerCommand(
      installation.postgres,
      ["-D", layout.data, "-c", "config_file=\(layout.configuration)"]
        + settings.commandLineOptions,
      as: user.isSeparate ? user.server : nil)
    let server = Postmaster.child(try await command.start(log: layout.log, on: loop))
    do throws(EmbeddedClusterError) {
      try await waitUntilReady(server, logStart: logStart, deadline: deadline)
    } catch {
      // A server nobody waits for any more must not stay behind. Whether it ends in time changes
      // nothing about the error.
      try? await ServerShutdown(server: server).run(within: .seconds(2))
      throw error
    }
    return server
  }

  /// Waits for the server's own word, as `pg_ctl` does.
  private func waitUntilReady(
    _ server: Postmaster, logStart: Int, deadline: Deadline
  ) async throws(EmbeddedClusterError) {
    let began = MonotonicInstant.now()
    let isReady = try await Polling.wait(until: deadline) { () throws(EmbeddedClusterError) in
      guard server.isAlive else { throw .startFailed(logTail: log.tail(from: logStart)) }
      let file = try postmasterFile()
      return file?.pid == server.pid && file?.status == .ready
    }
    guard isReady else {
      throw .notReady(
        after: began.duration(to: .now()), reason: "it is still starting",
        logTail: log.tail(from: logStart))
    }
  }

  private func postmasterFile() throws(EmbeddedClusterError) -> PostmasterFile? {
    try ClusterFiles.read(layout.postmasterFile).flatMap { PostmasterFile(text: $0) }
  }
}
