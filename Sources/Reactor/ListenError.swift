/// Why a server does not listen at a path.
package enum ListenError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Empty, abstract, with a zero byte, or longer than 107 bytes.
  case invalidPath(String, reason: String)
  /// A directory on the way in which others could put something in our place.
  case unsafeDirectory(String, reason: String)
  /// There is something at the path that is no socket, and it is not ours to delete.
  case occupied(path: String)
  /// Another server is alive there; its process id, if known.
  case inUse(path: String, processID: Int32?)
  case system(SystemError)

  package var description: String {
    switch self {
    case .invalidPath(let path, let reason): "cannot listen at '\(path)': \(reason)"
    case .unsafeDirectory(let path, let reason): "cannot listen below \(path): it \(reason)"
    case .occupied(let path): "cannot listen at \(path): something other than a socket is there"
    case .inUse(let path, let processID):
      "cannot listen at \(path): "
        + (processID.map { "process \($0)" } ?? "another process") + " does"
    case .system(let error): "cannot listen: \(error)"
    }
  }
}
