import Glibc
import Logging
import PostgresClient
import Reactor
import TestSupport

/// A directory, a loop and a configuration for one test that starts clusters itself.
final class ClusterWorld: Sendable {
  let directory: ThrowAwayDirectory
  let loops: EventLoopGroup

  var loop: EventLoop { loops.loops[0] }
  var stateDirectory: String { directory.path + "/state" }
  var root: String { stateDirectory + "/postgres" }

  enum Content {
    case nothing
    /// A stopped cluster.
    case cluster
  }

  init(_ content: Content = .cluster) async throws {
    loops = try EventLoopGroup(count: 1, name: "cluster-world")
    directory = try await ThrowAwayDirectory(on: loops.loops[0])
    if content == .cluster {
      try await ClusterTemplate.instance.copy(to: stateDirectory, on: loop)
    }
  }

  deinit { directory.release() }

  func configuration(
    programs: PostgresInstallation.Search = .system(), startLimit: Duration = .seconds(60)
  ) -> EmbeddedCluster.Configuration {
    EmbeddedCluster.Configuration(
      stateDirectory: stateDirectory, programs: programs, durability: .volatile,
      startLimit: startLimit)
  }

  func start(
    _ configuration: EmbeddedCluster.Configuration? = nil
  ) async throws(EmbeddedClusterError) -> EmbeddedCluster {
    try await EmbeddedCluster.start(
      configuration ?? self.configuration(), on: loop, logger: Logger(label: "cluster-world"))
  }

  /// Runs a shell command line; its standard output.
  @discardableResult
  func shell(_ line: String) async throws -> String {
    let exit = try await ChildProcess.run(
      .init("/bin/sh", ["-c", line]), on: loop, deadline: .within(.seconds(120)))
    guard exit.isSuccess else { throw ShellFailed(line: line, errors: exit.errorText) }
    return exit.outputText
  }

  private struct ShellFailed: Error {
    let line: String
    let errors: String
  }
}

extension EmbeddedCluster {
  /// One statement in a session of its own.
  @discardableResult
  func execute(
    _ sql: String, as role: ClusterRole = .superuser
  ) async throws(AdminError) -> [AdminRow] {
    let deadline = Deadline.within(.seconds(120))
    let session = try await AdminSession.open(connectionString(for: role), deadline: deadline)
    let rows = try await session.execute(sql, deadline: deadline)
    await session.close()
    return rows
  }
}

/// Whether a process exists; a zombie does.
func processExists(_ pid: Int32) -> Bool {
  kill(pid, 0) == 0 || errno == EPERM
}
