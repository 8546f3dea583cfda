internal import FoundationEssentials
internal import Glibc
package import Reactor

/// The directory of one installed PostgreSQL's server programs.
package struct PostgresInstallation: Sendable, Equatable {
  /// Where to look for the programs.
  package struct Search: Sendable, Equatable {
    /// Directories holding one directory per major version, as Debian lays them out: `15/bin`.
    package var versionedRoots: [String]
    /// Directories that may hold the programs themselves, in order of preference.
    package var directories: [String]

    package init(versionedRoots: [String], directories: [String]) {
      self.versionedRoots = versionedRoots
      self.directories = directories
    }

    /// Debian's and Red Hat's places, then every directory of `PATH`.
    package static func system() -> Search {
      let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(
        String.init)
      return Search(
        versionedRoots: ["/usr/lib/postgresql"],
        directories: path + ["/usr/local/pgsql/bin", "/usr/pgsql/bin"])
    }
  }

  /// The directory with `initdb` and `postgres`, symbolic links resolved.
  package let directory: String
  package let majorVersion: Int

  /// The oldest version our schema works on: `security_invoker` views and unique nulls came with it.
  package static let oldestMajorVersion = 15

  var initdb: String { directory + "/initdb" }
  package var postgres: String { directory + "/postgres" }

  /// Chooses the programs for an existing cluster of version `cluster`, or the newest for a new one.
  package static func find(
    in search: Search, forCluster cluster: Int?, dataDirectory: String, on loop: EventLoop
  ) async throws(EmbeddedClusterError) -> PostgresInstallation {
    let found = try await all(in: search, on: loop)
    guard let newest = found.max(by: { $0.majorVersion < $1.majorVersion }) else {
      throw .postgresNotFound(
        searched: search.versionedRoots.map { $0 + "/*/bin" } + search.directories)
    }
    guard let cluster else {
      guard newest.majorVersion >= oldestMajorVersion else {
        throw .postgresTooOld(found: newest.majorVersion, needed: oldestMajorVersion)
      }
      return newest
    }
    guard let match = found.first(where: { $0.majorVersion == cluster }) else {
      throw .versionMismatch(
        cluster: cluster, installed: Set(found.map(\.majorVersion)).sorted(),
        dataDirectory: dataDirectory)
    }
    return match
  }

  private static func all(
    in search: Search, on loop: EventLoop
  ) async throws(EmbeddedClusterError) -> [PostgresInstallation] {
    var directories: [String] = []
    for root in search.versionedRoots {
      // A root that cannot be listed holds nothing for us: most systems lack most of these.
      let entries = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
      directories += entries.map { "\(root)/\($0)/bin" }
    }
    var found: [PostgresInstallation] = []
    for directory in directories + search.directories {
      guard let home = home(of: directory), !found.contains(where: { $0.directory == home }) else {
        continue
      }
      var version = versionOfPath(home)
      if version == nil { version = try await reportedVersion(of: home, on: loop) }
      guard let version else { continue }
      found.append(PostgresInstallation(directory: home, majorVersion: version))
    }
    return found
  }

  /// The directory where the programs really are: `/usr/local/bin` may hold links to them.
  private static func home(of directory: String) -> String? {
    guard unsafe access(directory + "/postgres", X_OK) == 0,
      let real = unsafe realpath(directory + "/postgres", nil)
    else { return nil }
    defer { unsafe free(real) }
    let program = unsafe String(cString: real)
    guard let slash = program.lastIndex(of: "/") else { return nil }
    let home = String(program[..<slash])
    // A package of clients, or of libraries, may bring `postgres` without `initdb`.
    return unsafe access(home + "/initdb", X_OK) == 0 ? home : nil
  }

  /// `/usr/lib/postgresql/15/bin` -> 15: saves a process on the way to readiness.
  private static func versionOfPath(_ directory: String) -> Int? {
    let parts = directory.split(separator: "/")
    guard parts.count >= 3, parts.last == "bin", parts[parts.count - 3] == "postgresql" else {
      return nil
    }
    return Int(parts[parts.count - 2])
  }

  /// Asks the program itself: `postgres (PostgreSQL) 15.20 (Debian ...)`. Nil when it says something
  /// else: then it is not one we can use.
  private static func reportedVersion(
    of home: String, on loop: EventLoop
  ) async throws(EmbeddedClusterError) -> Int? {
    let output: String
    do throws(EmbeddedClusterError) {
      output = try await ServerCommand(home + "/postgres", ["--version"])
        .run(on: loop, deadline: .within(.seconds(5)))
    } catch {
      if error == .cancelled { throw error }
      return nil
    }
    let number = output.split(separator: " ").first { $0.first?.isNumber == true }
    return number.flatMap { Int($0.prefix { $0.isNumber }) }
  }
}
