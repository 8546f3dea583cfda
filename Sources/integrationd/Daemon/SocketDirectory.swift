internal import FoundationEssentials

/// The directory of the socket. Made when it is missing, for the daemon's user to write and others
/// to pass through: who may connect is decided by the socket's own permissions and the policy.
enum SocketDirectory {
  static func prepare(forSocket path: String) throws(DaemonFailure) {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
    let directory = String(path[..<slash])
    guard !FileManager.default.fileExists(atPath: directory) else { return }
    do {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o755])
    } catch {
      throw DaemonFailure(
        .cannotCreate, "the socket's directory \(directory) cannot be made: see --socket")
    }
  }
}
