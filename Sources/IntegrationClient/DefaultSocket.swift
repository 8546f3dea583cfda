internal import FoundationEssentials
internal import Glibc

extension IntegrationClient {
  /// Where the daemon is looked for when nobody says so: `INTEGRATIOND_SOCKET` in the environment;
  /// else the socket of a daemon of one's own, if there is one
  /// (`$XDG_RUNTIME_DIR/integrationd/integrationd.sock`, without that variable below
  /// `$XDG_STATE_HOME` or `~/.local/state`); else `/run/integrationd/integrationd.sock`.
  public static var defaultSocket: String {
    defaultSocket(
      environment: ProcessInfo.processInfo.environment, isRoot: getuid() == 0,
      exists: { FileManager.default.fileExists(atPath: $0) })
  }

  package static func defaultSocket(
    environment: [String: String], isRoot: Bool, exists: (String) -> Bool
  ) -> String {
    if let path = environment["INTEGRATIOND_SOCKET"], !path.isEmpty { return path }
    let ofSystem = "/run/integrationd/integrationd.sock"
    guard !isRoot else { return ofSystem }
    // The XDG Base Directory Specification: paths that are not absolute are to be ignored.
    func directory(_ name: String) -> String? {
      environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
    let own =
      directory("XDG_RUNTIME_DIR") ?? directory("XDG_STATE_HOME")
      ?? directory("HOME").map { "\($0)/.local/state" }
    let ofUser = own.map { "\($0)/integrationd/integrationd.sock" }
    return ofUser.flatMap { exists($0) ? $0 : nil } ?? ofSystem
  }
}
