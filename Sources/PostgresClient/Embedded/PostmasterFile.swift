/// What `postmaster.pid` in a data directory says about the server that wrote it.
///
/// The lines are PostgreSQL's own interface to `pg_ctl` (`src/include/utils/pidfile.h`).
package struct PostmasterFile: Sendable, Equatable {
  package enum Status: Sendable, Equatable {
    case starting, ready, stopping
    /// The line is not written yet, or is one we do not know.
    case unknown
  }

  package let pid: Int32
  package let socketDirectory: String
  package let status: Status

  /// Nil when the text is not such a file, or not completely written.
  package init?(text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let first = lines.first, let pid = Int32(first), pid > 0 else { return nil }
    self.pid = pid
    socketDirectory = lines.count > 4 ? String(lines[4]) : ""
    // The status is padded with spaces so that it can be overwritten in place.
    switch lines.count > 7 ? lines[7].prefix(while: { $0 != " " }) : "" {
    case "ready": status = .ready
    case "starting": status = .starting
    case "stopping": status = .stopping
    default: status = .unknown
    }
  }
}
