/// The version of the daemon, for `--version` and GetHealth.
enum DaemonVersion {
  static let current = "0.1.0"
}
