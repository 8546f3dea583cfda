/// The version of the command line tool, which is the daemon's.
enum Version {
  static let text = "0.1.0"
}
