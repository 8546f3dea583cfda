import Logging
import PostgresClient
import Reactor

/// A cluster that was made once and is copied for tests that need one of their own: a copy takes a
/// tenth of the time of `initdb`.
package actor ClusterTemplate {
  package static let instance = ClusterTemplate()

  private var making: Task<ThrowAwayDirectory, any Error>?

  /// Puts a stopped cluster with roles and database into a state directory that has none.
  package func copy(to stateDirectory: String, on loop: EventLoop) async throws {
    let template = try await template()
    let exit = try await ChildProcess.run(
      .init(
        "/bin/sh",
        [
          "-c",
          #"mkdir -p -m 711 "$2" && mkdir "$2/postgres" && cp -a "$1/data" "$2/postgres/data""#,
          "sh", template.path + "/state/postgres", stateDirectory,
        ]), on: loop, deadline: .within(.seconds(120)))
    guard exit.isSuccess else { throw CopyFailed(reason: exit.errorText) }
  }

  private struct CopyFailed: Error {
    let reason: String
  }

  private func template() async throws -> ThrowAwayDirectory {
    if let making { return try await making.value }
    let task = Task {
      let loops = try EventLoopGroup(count: 1, name: "test-template")
      let directory = try await ThrowAwayDirectory(on: loops.loops[0])
      let cluster = try await EmbeddedCluster.start(
        .init(stateDirectory: directory.path + "/state", durability: .volatile),
        on: loops.loops[0], logger: Logger(label: "test-template"))
      try await cluster.stop()
      await loops.shutdown()
      return directory
    }
    making = task
    return try await task.value
  }
}
