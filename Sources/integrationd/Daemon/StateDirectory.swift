internal import FoundationEssentials
internal import Reactor

/// The daemon's own directory, held for it alone as long as this object lives.
struct StateDirectory {
  let path: String
  private let lock: FileLock

  /// Makes the directory (mode 0700) if it is missing, and takes its lock.
  init(_ path: String) throws(DaemonFailure) {
    try Self.prepare(path)
    do throws(FileLockError) {
      lock = try FileLock(path: path + "/integrationd.lock")
    } catch {
      switch error {
      case .held(_, let process):
        let who = process.map { "process \($0)" } ?? "another process"
        throw DaemonFailure(
          .cannotCreate,
          "another integrationd (\(who)) uses \(path); stop it, or give this one its own --state-dir"
        )
      case .system(let error):
        throw DaemonFailure(.cannotCreate, "the state directory cannot be used: \(error)")
      }
    }
    self.path = path
  }

  /// Makes a directory, closed to others, if it is missing.
  static func prepare(_ path: String) throws(DaemonFailure) {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    } catch {
      throw DaemonFailure(
        .cannotCreate, "the state directory \(path) cannot be made: see --state-dir")
    }
  }

  /// Makes the directory a file of the daemon's stands in.
  static func prepare(forFile path: String) throws(DaemonFailure) {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
    try prepare(String(path[..<slash]))
  }
}
