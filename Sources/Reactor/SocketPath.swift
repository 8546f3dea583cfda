internal import CEpoll
internal import Glibc

/// The place where a server wants its socket, checked before anything is created there.
struct SocketPath {
  let address: SocketAddress
  /// Locked for as long as the server lives; stays when it goes, so that nobody can lock a file that
  /// another is about to delete.
  var lockPath: String { address.path + ".lock" }

  init(_ path: String) throws(ListenError) {
    guard path.first != "@", path.utf8.first != 0 else {
      throw .invalidPath(path, reason: "abstract sockets have no permissions")
    }
    do throws(SystemError) {
      address = try SocketAddress(path: path)
    } catch {
      throw .invalidPath(
        path,
        reason: error.errno == ENAMETOOLONG
          ? "longer than \(SocketAddress.maxPathBytes) bytes" : "not a path")
    }
    guard !path.hasSuffix("/") else { throw .invalidPath(path, reason: "it names a directory") }
    try Self.checkDirectories(of: path)
  }

  /// Every directory above must be one (no symbolic link, which its owner could turn elsewhere) and
  /// closed to the writing of others, unless sticky like /tmp.
  private static func checkDirectories(of path: String) throws(ListenError) {
    var directory = path.hasPrefix("/") ? "/" : "."
    try check(directory)
    for part in path.split(separator: "/").dropLast() where part != "." {
      directory += directory.hasSuffix("/") ? "\(part)" : "/\(part)"
      try check(directory)
    }
  }

  private static func check(_ directory: String) throws(ListenError) {
    var status = stat()
    guard unsafe lstat(directory, &status) == 0 else {
      throw .system(.last("look at \(directory)"))
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: break
    case S_IFLNK: throw .unsafeDirectory(directory, reason: "is a symbolic link")
    default: throw .unsafeDirectory(directory, reason: "is not a directory")
    }
    guard status.st_mode & S_ISVTX == 0 else { return }
    if status.st_mode & S_IWOTH != 0 {
      throw .unsafeDirectory(directory, reason: "can be written by everybody")
    }
    // A group of ours is the administrator's decision; root's group is root.
    if status.st_mode & S_IWGRP != 0, status.st_gid != 0, status.st_gid != getegid() {
      throw .unsafeDirectory(
        directory, reason: "can be written by group \(status.st_gid), which is not ours")
    }
  }

  /// Makes room: removes the socket of a server that died, respects one that lives. The caller holds
  /// the lock, so nobody else does this now.
  func removeStale() throws(ListenError) {
    var status = stat()
    guard unsafe lstat(address.path, &status) == 0 else {
      guard errno == ENOENT else { throw .system(.last("look at \(address.path)")) }
      return
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else { throw .occupied(path: address.path) }
    let holder = try liveServer()
    if let holder { throw .inUse(path: address.path, processID: holder > 0 ? holder : nil) }
    guard unsafe unlink(address.path) == 0 || errno == ENOENT else {
      throw .system(.last("remove \(address.path)"))
    }
  }

  /// The process that answers at the path (0: unknown), nil when nobody does.
  private func liveServer() throws(ListenError) -> Int32? {
    do throws(SystemError) {
      let probe = try SocketAddress.makeSocket()
      if unsafe address.withSockaddr({ unsafe connect(probe.raw, $0, $1) }) == 0 {
        return try PeerCredentials(of: probe.raw).processID
      }
      switch errno {
      case ECONNREFUSED, ENOENT: return nil
      // A full backlog is a live server; so is one of another type.
      case EAGAIN, EPROTOTYPE: return 0
      default: throw SystemError.last("probe \(address.path)")
      }
    } catch {
      throw .system(error)
    }
  }
}
