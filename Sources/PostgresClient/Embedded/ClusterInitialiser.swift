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
    // A name of its own: an `initdb` of a killed daemon may still be at work on another.
    let unfinished =
      layout.unfinishedDataPrefix + String(UInt64.random(in: .min ... .max), radix: 36)
    try ClusterDirectories(user: user, loop: loop).prepareUnfinishedData(unfinished)
    do throws(EmbeddedClusterError) {
      try await ServerCommand(
        installation.initdb, arguments(unfinished), as: user.isSeparate ? user.server : nil
      ).run(on: loop, deadline: deadline)
    } catch {
      try removeUnfinished()
      throw error
    }
    do {
      try FileManager.default.moveItem(atPath: unfinished, toPath: layout.data)
    } catch {
      throw .unexpectedFile(path: layout.data, reason: "cannot be made: \(error)")
    }
    if durability == .durable { try ClusterFiles.synchronise(directory: layout.root) }
  }

  /// Removes what runs that did not finish have left.
  func removeUnfinished() throws(EmbeddedClusterError) {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: layout.root)
    } catch {
      throw .unexpectedFile(path: layout.root, reason: "cannot be read: \(error)")
    }
    for name in names where name.hasPrefix(ClusterLayout.unfinishedDataName) {
      // An `initdb` whose daemon was killed may be filling it this moment; a later start gets it.
      try? FileManager.default.removeItem(atPath: "\(layout.root)/\(name)")
    }
  }

  private func arguments(_ directory: String) -> [String] {
    [
      "--pgdata=\(directory)",
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
}
