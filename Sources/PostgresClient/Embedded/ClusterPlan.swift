internal import FoundationEssentials
internal import Glibc
internal import Reactor

/// What there is and what is to be done, found out under the lock before any program is run.
struct ClusterPlan {
  let layout: ClusterLayout
  let user: ClusterUser
  let lock: FileLock
  let installation: PostgresInstallation
  let settings: ClusterSettings
  /// Whether there is no cluster yet.
  let isNew: Bool

  init(
    _ configuration: EmbeddedCluster.Configuration, on loop: EventLoop
  ) async throws(EmbeddedClusterError) {
    let user = try ClusterUser.resolve(configuration.user, existing: configuration.stateDirectory)
    let directories = ClusterDirectories(user: user, loop: loop)
    let stateDirectory = try await directories.prepareStateDirectory(configuration.stateDirectory)
    let layout = try ClusterLayout(
      stateDirectory: stateDirectory, temporaryDirectories: Self.temporaryDirectories(user),
      userID: user.server.uid)
    try directories.prepareRoot(of: layout)
    lock = try await Self.lock(layout)
    try directories.prepareSocketDirectory(of: layout)

    let version = try Self.version(of: layout, user)
    isNew = version == nil
    installation = try await PostgresInstallation.find(
      in: configuration.programs, forCluster: version, dataDirectory: layout.data,
      on: loop)
    settings = ClusterSettings(
      layout: layout, user: user, durability: configuration.durability,
      maxConnections: configuration.maxConnections)
    self.layout = layout
    self.user = user
  }

  /// Writes the three configuration files anew.
  func writeSettings() throws(EmbeddedClusterError) {
    let group = user.isSeparate ? user.server.gid : nil
    try ClusterFiles.write(settings.configuration, to: layout.configuration, group: group)
    try ClusterFiles.write(
      settings.hostBasedAuthentication, to: layout.hostBasedAuthentication, group: group)
    try ClusterFiles.write(settings.identMap, to: layout.identMap, group: group)
  }

  private static func lock(
    _ layout: ClusterLayout
  ) async throws(EmbeddedClusterError) -> FileLock {
    var lock: FileLock?
    // Between fork and exec a program just started by the holder has the lock too, and for that
    // moment keeps it beyond the holder's end.
    let wasTaken = try await Polling.wait(until: .within(.milliseconds(300))) {
      () throws(EmbeddedClusterError) in
      do throws(FileLockError) {
        lock = try FileLock(path: layout.lock)
        return true
      } catch {
        guard case .system(let error) = error else { return false }
        throw .system(error)
      }
    }
    guard wasTaken, let lock else { throw .stateDirectoryInUse(layout.stateDirectory) }
    return lock
  }

  /// The major version of the cluster that is there; nil when there is none.
  private static func version(
    of layout: ClusterLayout, _ user: ClusterUser
  ) throws(EmbeddedClusterError) -> Int? {
    var status = stat()
    guard unsafe lstat(layout.data, &status) == 0 else { return nil }
    guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == user.server.uid else {
      let owner = SystemUser.withID(status.st_uid)?.name ?? "user id \(status.st_uid)"
      throw .unexpectedFile(
        path: layout.data,
        reason: "is not a directory of user \(user.server.name) but belongs to \(owner)")
    }
    let text = try ClusterFiles.read(layout.versionFile) ?? ""
    guard let version = Int(text.prefix(while: \.isNumber)) else {
      throw .unexpectedFile(
        path: layout.data, reason: "holds no PostgreSQL cluster (no PG_VERSION); move it away")
    }
    return version
  }

  /// Where a socket may lie when the state directory's path is too long.
  private static func temporaryDirectories(_ user: ClusterUser) -> [String] {
    if user.daemon.uid == 0 { return ["/run", "/tmp"] }
    let runtime = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"]
    return (runtime.map { [$0] } ?? []) + ["/tmp"]
  }
}
