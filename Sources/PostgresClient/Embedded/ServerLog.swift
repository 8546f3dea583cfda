internal import FoundationEssentials
internal import Reactor

/// The log of a server, one file and its predecessor, each at most ``limitBytes`` and what a
/// minute adds.
///
/// The server writes to the file itself, opened to append: it goes on when the daemon is killed,
/// and cutting the file does not disturb it.
package struct ServerLog: Sendable {
  package let path: String
  package let previousPath: String

  package static let limitBytes = 8_388_608
  /// How much of the log an error quotes.
  package static let tailBytes = 4096

  package init(path: String, previousPath: String) {
    self.path = path
    self.previousPath = previousPath
  }

  /// Where what a server writes from now on will begin.
  package func end() throws(EmbeddedClusterError) -> Int {
    try LogFile(path).sizeBytes
  }

  /// Copies a log that has grown too long aside and starts it anew. Lines written in between are
  /// lost: the alternative is a process more.
  package func keepBounded(limitBytes: Int = ServerLog.limitBytes) throws(EmbeddedClusterError) {
    let file = try LogFile(path)
    guard file.sizeBytes > limitBytes else { return }
    do {
      try file.tail(limitBytes: limitBytes).write(
        toFile: previousPath, atomically: true, encoding: .utf8)
    } catch {
      throw .unexpectedFile(path: previousPath, reason: "cannot be written: \(error)")
    }
    try file.cut()
  }

  /// The last lines, from byte `start` on at the earliest; empty when the log cannot be read.
  package func tail(from start: Int = 0) -> String {
    // The tail explains another error, which must not be hidden by one about the log.
    (try? LogFile(path).tail(limitBytes: Self.tailBytes, from: start)) ?? ""
  }
}
