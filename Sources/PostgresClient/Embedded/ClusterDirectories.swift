internal import Glibc
internal import Reactor

/// Makes the directories of a cluster, with owners and permissions, and checks those it finds.
struct ClusterDirectories {
  let user: ClusterUser
  let loop: EventLoop

  /// Makes the state directory if it is missing.
  /// - Returns: its path, absolute and without links.
  func prepareStateDirectory(_ path: String) async throws(EmbeddedClusterError) -> String {
    try makeParents(of: path)
    guard let real = unsafe realpath(path, nil) else { throw failure("find \(path)") }
    defer { unsafe free(real) }
    let resolved = unsafe String(cString: real)
    if user.isSeparate { try await makeTraversable(resolved) }
    return resolved
  }

  /// Makes the directory of everything that is the cluster's. The server's user may pass through.
  func prepareRoot(of layout: ClusterLayout) throws(EmbeddedClusterError) {
    try prepare(
      layout.root, owners: [user.daemon.uid, user.server.uid], mode: user.isSeparate ? 0o710 : 0o700
    )
  }

  /// Makes the directory of the socket: nobody but the server's user, and root, may look into it.
  func prepareSocketDirectory(of layout: ClusterLayout) throws(EmbeddedClusterError) {
    try prepare(layout.socketDirectory, owners: [user.server.uid], mode: 0o700)
  }

  /// Makes an empty directory for `initdb` to fill.
  func prepareUnfinishedData(_ path: String) throws(EmbeddedClusterError) {
    try prepare(path, owners: [user.server.uid], mode: 0o700)
  }

  /// - Parameter owners: who may own a directory that is there already; a new one is given to the
  ///   first.
  private func prepare(
    _ path: String, owners: [uid_t], mode: mode_t
  ) throws(EmbeddedClusterError) {
    let isNew = unsafe mkdir(path, 0o700) == 0
    guard isNew || errno == EEXIST else { throw failure("make \(path)") }
    // By descriptor and without following links: what is checked is what is changed.
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOTDIR || errno == ELOOP {
        throw .unexpectedFile(path: path, reason: "is not a directory")
      }
      throw failure("open \(path)")
    }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw failure("look at \(path)") }
    if !isNew, !owners.contains(status.st_uid) {
      let owner = SystemUser.withID(status.st_uid)?.name ?? "user id \(status.st_uid)"
      throw .unexpectedFile(
        path: path, reason: "belongs to \(owner); start the daemon as that user or as root")
    }
    let owner = isNew ? owners[0] : status.st_uid
    let group = user.isSeparate ? user.server.gid : status.st_gid
    if status.st_uid != owner || status.st_gid != group {
      guard fchown(descriptor, owner, group) == 0 else {
        throw failure("give \(path) to \(user.server.name)")
      }
    }
    guard fchmod(descriptor, mode) == 0 else { throw failure("set the permissions of \(path)") }
  }

  private func makeParents(of path: String) throws(EmbeddedClusterError) {
    var prefix = path.hasPrefix("/") ? "/" : ""
    let parts = path.split(separator: "/")
    for (index, part) in parts.enumerated() {
      prefix += (prefix.isEmpty || prefix == "/" ? "" : "/") + part
      // The state directory itself holds secrets of the daemon; what lies above it does not.
      let mode: mode_t = index == parts.count - 1 ? 0o700 : 0o755
      guard unsafe mkdir(prefix, mode) == 0 || errno == EEXIST else {
        throw failure("make \(prefix)")
      }
    }
  }

  /// Lets the server's user pass through, but not look into, a state directory that is closed to
  /// everybody else. Directories above it are not ours to change.
  private func makeTraversable(_ directory: String) async throws(EmbeddedClusterError) {
    var status = stat()
    guard unsafe stat(directory, &status) == 0 else { throw failure("look at \(directory)") }
    if !mayTraverse(status), status.st_uid == user.daemon.uid, status.st_mode & 0o077 == 0 {
      guard unsafe chown(directory, status.st_uid, user.server.gid) == 0,
        unsafe chmod(directory, (status.st_mode & 0o7777) | 0o010) == 0
      else { throw failure("open \(directory) to \(user.server.name)") }
    }
    var path = ""
    for part in directory.split(separator: "/") {
      path += "/\(part)"
      guard unsafe stat(path, &status) == 0 else { throw failure("look at \(path)") }
      if mayTraverse(status) { continue }
      // An access list may allow what the permission bits do not.
      do throws(EmbeddedClusterError) {
        try await ServerCommand("/usr/bin/test", ["-x", path], as: user.server)
          .run(on: loop, deadline: .within(.seconds(5)))
      } catch {
        throw error == .cancelled
          ? error : .notTraversable(directory: path, user: user.server.name)
      }
    }
  }

  private func mayTraverse(_ status: stat) -> Bool {
    if status.st_uid == user.server.uid { return status.st_mode & 0o100 != 0 }
    if user.server.groups.contains(status.st_gid) { return status.st_mode & 0o010 != 0 }
    return status.st_mode & 0o001 != 0
  }

  private func failure(_ operation: String) -> EmbeddedClusterError {
    .system(SystemError(errno: errno, operation: operation))
  }
}
