internal import Crypto
internal import FoundationEssentials
internal import Glibc

/// Where the parts of a cluster lie. Everything is below `STATE_DIR/postgres`; only the socket
/// moves to a shorter path when that one is too long for a socket address.
///
/// When root runs the daemon, root owns `postgres`, the configuration and the log, and the server's
/// user owns only `data` and `run`: a server gone astray cannot rewrite its own configuration, nor
/// plant links where root writes.
struct ClusterLayout: Sendable, Equatable {
  let stateDirectory: String
  let socketDirectory: String

  /// The longest path a Unix socket address takes, without its final NUL (unix(7)).
  static let socketPathLimitBytes = 107
  static let port = 5432

  var root: String { stateDirectory + "/postgres" }
  var data: String { root + "/data" }
  /// Where `initdb` works, each run in a directory of its own; renamed to ``data`` at the end.
  var unfinishedDataPrefix: String { root + "/" + Self.unfinishedDataName }
  static let unfinishedDataName = "data.unfinished-"
  var versionFile: String { data + "/PG_VERSION" }
  var postmasterFile: String { data + "/postmaster.pid" }
  var lock: String { root + "/lock" }
  var log: String { root + "/postgres.log" }
  var previousLog: String { root + "/postgres.log.1" }
  var configuration: String { root + "/postgresql.conf" }
  var localConfiguration: String { root + "/postgresql.local.conf" }
  var hostBasedAuthentication: String { root + "/pg_hba.conf" }
  var identMap: String { root + "/pg_ident.conf" }
  var socket: String { Self.socketPath(in: socketDirectory) }

  /// - Parameters:
  ///   - stateDirectory: absolute, without links.
  ///   - temporaryDirectories: where a socket directory may be made when the state directory's own
  ///     path is too long, best first.
  init(
    stateDirectory: String, temporaryDirectories: [String], userID: uid_t
  ) throws(EmbeddedClusterError) {
    self.stateDirectory = stateDirectory
    let digest = SHA256.hash(data: Data(stateDirectory.utf8)).prefix(6)
    let name = digest.map { byte in
      let hex = String(byte, radix: 16)
      return byte < 16 ? "0" + hex : hex
    }.joined()
    clusterName = "integrationd-\(name)"
    let own = stateDirectory + "/postgres/run"
    let candidates =
      [own] + temporaryDirectories.map { "\($0)/integrationd-\(userID)-\(name)" }
    guard
      let fitting = candidates.first(where: {
        // libpq reads a comma as the end of one host's name and the beginning of another's.
        Self.socketPath(in: $0).utf8.count <= Self.socketPathLimitBytes && !$0.contains(",")
      })
    else {
      throw .socketPathTooLong(
        path: Self.socketPath(in: own), limitBytes: Self.socketPathLimitBytes)
    }
    socketDirectory = fitting
  }

  /// Tells this cluster's processes from others in a process list.
  let clusterName: String

  static func holdsCluster(_ stateDirectory: String) -> Bool {
    unsafe access(stateDirectory + "/postgres/data/PG_VERSION", F_OK) == 0
  }

  private static func socketPath(in directory: String) -> String {
    "\(directory)/.s.PGSQL.\(port)"
  }
}
