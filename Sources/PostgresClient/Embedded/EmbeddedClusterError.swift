package import Reactor

/// Why the embedded PostgreSQL is not available. Every case says what the operator can do.
package enum EmbeddedClusterError: Error, Sendable, Equatable {
  /// No `initdb` and `postgres` of a usable version were found.
  case postgresNotFound(searched: [String])
  /// Programs were found, but none is as new as we need.
  case postgresTooOld(found: Int, needed: Int)
  /// The cluster was made by a major version whose programs are not installed.
  case versionMismatch(cluster: Int, installed: [Int], dataDirectory: String)
  /// There is no cluster, and none was to be made.
  case notFound(dataDirectory: String)
  /// Another daemon holds this state directory.
  case stateDirectoryInUse(String)
  /// PostgreSQL refuses to run as root and no unprivileged system user was found.
  case noUnprivilegedUser(tried: [String])
  /// This process runs under a user id without a name, which PostgreSQL refuses.
  case namelessUser(id: UInt32)
  /// The user that runs PostgreSQL may not pass through a directory above the cluster.
  case notTraversable(directory: String, user: String)
  /// Something stands where a directory or file of ours should be.
  case unexpectedFile(path: String, reason: String)
  /// No directory gives a socket path short enough for a Unix socket address.
  case socketPathTooLong(path: String, limitBytes: Int)
  /// A program of PostgreSQL's failed, such as `initdb`.
  case programFailed(program: String, output: String)
  /// `postgres` ended before it was ready.
  case startFailed(logTail: String)
  /// `postgres` runs but did not accept a connection in time.
  case notReady(after: Duration, reason: String, logTail: String)
  /// `postgres` did not end in time although it was told to.
  case stopFailed(pid: Int32)
  /// Roles or the database could not be set up.
  case bootstrap(AdminError)
  /// A system call failed.
  case system(SystemError)
  /// The awaiting task was cancelled.
  case cancelled
}

extension EmbeddedClusterError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .postgresNotFound(let searched):
      """
      the PostgreSQL server programs (initdb, postgres) were not found in \
      \(searched.joined(separator: ", ")); install them (Debian, Ubuntu: apt-get install \
      postgresql) or give a database with --database-url
      """
    case .postgresTooOld(let found, let needed):
      """
      PostgreSQL \(found) is installed but \(needed) or newer is needed; install it (Debian: \
      apt-get install postgresql-\(needed)) or give a database with --database-url
      """
    case .versionMismatch(let cluster, let installed, let dataDirectory):
      Self.describeMismatch(cluster, installed, dataDirectory)
    case .notFound(let path): "there is no PostgreSQL cluster in \(path)"
    case .stateDirectoryInUse(let path):
      "another integrationd runs on \(path); stop it, or give this one its own --state-dir"
    case .noUnprivilegedUser(let tried):
      """
      PostgreSQL refuses to run as root and none of the users \(tried.joined(separator: ", ")) \
      exists; create one (useradd --system postgres) or start the daemon as another user
      """
    case .namelessUser(let id):
      """
      user id \(id) has no name on this system and PostgreSQL refuses to run under it; add it to \
      /etc/passwd, or give a database with --database-url
      """
    case .notTraversable(let directory, let user):
      """
      user \(user), who runs PostgreSQL, may not pass through \(directory); allow it (chmod o+x \
      \(directory)) or give a --state-dir elsewhere, such as /var/lib/integrationd
      """
    case .unexpectedFile(let path, let reason): "\(path) \(reason)"
    case .socketPathTooLong(let path, let limit):
      "the socket path \(path) is longer than \(limit) bytes; give a shorter --state-dir"
    case .programFailed(let program, let output): "\(program) failed:\n\(output)"
    case .startFailed(let logTail): "postgres ended before it was ready; its log ends:\n\(logTail)"
    case .notReady(let after, let reason, let logTail):
      "postgres was not ready after \(after) (\(reason)); its log ends:\n\(logTail)"
    case .stopFailed(let pid): "postgres (process \(pid)) does not end"
    case .bootstrap(let error): "cannot set up roles and database: \(error)"
    case .system(let error): error.description
    case .cancelled: "cancelled while PostgreSQL was starting"
    }
  }

  private static func describeMismatch(
    _ cluster: Int, _ installed: [Int], _ dataDirectory: String
  ) -> String {
    let there = installed.map(String.init).joined(separator: ", ")
    let newest = installed.max() ?? cluster + 1
    return """
      the cluster in \(dataDirectory) belongs to PostgreSQL \(cluster), installed: \(there). \
      Either install that version again (Debian: apt-get install postgresql-\(cluster)), or move \
      the data to the new one: stop the daemon, make an empty cluster with the new initdb \
      (--data-checksums --encoding=UTF8 --locale=C.UTF-8 --username=postgres), run \
      /usr/lib/postgresql/\(newest)/bin/pg_upgrade with -b and -d for version \(cluster), -B and -D \
      for version \(newest), and put the new directory in the old one's place
      """
  }
}
