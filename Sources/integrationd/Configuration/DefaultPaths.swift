/// Where things are when nobody says so. Never in a directory that everybody may write to.
struct DefaultPaths {
  let socket: String
  let stateDirectory: String

  /// Root: `/run` and `/var/lib`. Others: `$XDG_RUNTIME_DIR` (when set) and `~/.local/state`
  /// (`$XDG_STATE_HOME`, when set), as the XDG Base Directory Specification says.
  /// Nil when a user has no home.
  init?(uid: UInt32, environment: [String: String]) {
    if uid == 0 {
      socket = "/run/integrationd/integrationd.sock"
      stateDirectory = "/var/lib/integrationd"
      return
    }
    let runtime = Self.directory("XDG_RUNTIME_DIR", environment)
    guard
      let state = Self.directory("XDG_STATE_HOME", environment)
        ?? Self.directory("HOME", environment).map({ $0 + "/.local/state" })
    else { return nil }
    stateDirectory = "\(state)/integrationd"
    socket = "\(runtime ?? state)/integrationd/integrationd.sock"
  }

  /// The specification: paths that are not absolute are to be ignored.
  private static func directory(_ name: String, _ environment: [String: String]) -> String? {
    guard let path = environment[name], path.hasPrefix("/"), path != "/" else { return nil }
    return path.hasSuffix("/") ? String(path.dropLast()) : path
  }
}
