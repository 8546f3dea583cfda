internal import Glibc

/// Who runs the server, and who we are: PostgreSQL refuses root, so that a root daemon hands its
/// cluster to an unprivileged system user.
package struct ClusterUser: Sendable {
  /// How the user that runs the server is chosen.
  package enum Choice: Sendable, Equatable {
    /// The daemon's own user; when that is root, the first of `integrationd`, `postgres`.
    case automatic
    /// The named system user; only root can choose another than itself.
    case named(String)
  }

  /// The user that runs the server and owns its data.
  let server: SystemUser
  /// The user this process runs as: the only one the server lets in.
  let daemon: SystemUser

  /// Whether the server runs as another user than this process.
  var isSeparate: Bool { server.uid != daemon.uid }

  /// Users a root daemon tries, in this order.
  static let candidates = ["integrationd", "postgres"]

  /// - Parameter stateDirectory: when it holds a cluster already, a root daemon runs that as its
  ///   owner.
  static func resolve(
    _ choice: Choice, existing stateDirectory: String
  ) throws(EmbeddedClusterError) -> ClusterUser {
    guard let daemon = SystemUser.withID(geteuid()) else { throw .namelessUser(id: geteuid()) }
    let names: [String]
    switch choice {
    case .automatic where daemon.uid != 0: return ClusterUser(server: daemon, daemon: daemon)
    case .automatic:
      if let owner = owner(of: stateDirectory + "/postgres/data"), owner.uid != 0 {
        return ClusterUser(server: owner, daemon: daemon)
      }
      names = candidates
    case .named(let name): names = [name]
    }
    for case let user? in names.map(SystemUser.named) where user.uid != 0 {
      return ClusterUser(server: user, daemon: daemon)
    }
    throw .noUnprivilegedUser(tried: names)
  }

  private static func owner(of path: String) -> SystemUser? {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return nil }
    return SystemUser.withID(status.st_uid)
  }
}
