internal import FoundationEssentials
internal import Reactor

/// Makes a new cluster: in a directory of its own that gets its name only when it is complete, so
/// that a crash in the middle leaves nothing that looks like a cluster.
struct ClusterInitialiser {
  let layout: ClusterLayout
  let user: ClusterUser
  let installation: PostgresInstallation
  let durability: EmbeddedCluster.Durability
  let loop: EventLoop

  func run(deadline: Deadline) async throws(EmbeddedClusterError) {
    try removeUnfinished()
    try ClusterDirectories(user: user, loop: loop).prepareUnfinishedData(of: layout)
    do throws(EmbeddedClusterError) {
      try await ServerCommand(
        installation.initdb, arguments, as: user.isSeparate ? user.server : nil
      ).run(on: loop, deadline: deadline)
    } catch {
      try removeUnfinished()
      throw error
    }
    do {
      try FileManager.default.moveItem(atPath: layout.unfinishedData, toPath: layout.data)
    } catch {
      throw .unexpectedFile(path: layout.data, reason: "cannot be made: \(error)")
    }
    if durability == .durable { try ClusterFiles.synchronise(directory: layout.root) }
  }

  private var arguments: [String] {
    [
      "--pgdata=\(layout.unfinishedData)",
      "--username=\(ClusterRole.superuser.roleName)",
      "--encoding=UTF8",
      // Ordered by code point: no update of the C library can break an index.
      "--locale=C.UTF-8",
      "--data-checksums",
      "--auth-local=peer",
      "--auth-host=reject",
      "--no-instructions",
    ] + (durability == .durable ? [] : ["--no-sync"])
  }

  private func removeUnfinished() throws(EmbeddedClusterError) {
    guard FileManager.default.fileExists(atPath: layout.unfinishedData) else { return }
    do {
      try FileManager.default.removeItem(atPath: layout.unfinishedData)
    } catch {
      throw .unexpectedFile(path: layout.unfinishedData, reason: "cannot be removed: \(error)")
    }
  }
}
