/// Why a session was not opened.
struct ConnectFailure: Error, Sendable {
  /// The server's reason, where it was the server that refused.
  let sqlState: SQLState?
  /// One line for the log and the health report: no password is ever in it.
  let message: String
  /// Another host should be tried first next time.
  let shouldTryNextHost: Bool

  init(_ message: String, sqlState: SQLState? = nil, shouldTryNextHost: Bool = false) {
    self.message = message
    self.sqlState = sqlState
    self.shouldTryNextHost = shouldTryNextHost
  }

  /// Reads libpq's message of a failed connection, in its verbose form:
  /// `connection to server … failed: FATAL:  53300: sorry, too many clients already` and more lines.
  init(libpqMessage text: String) {
    let first =
      text.split(whereSeparator: \.isNewline).last { Self.state(in: $0) != nil }
      ?? text.split(whereSeparator: \.isNewline).first
    guard let first else {
      self.init("the connection failed for no given reason")
      return
    }
    self.init(String(first), sqlState: Self.state(in: first))
  }

  /// The five characters between the severity and the message.
  private static func state(in line: Substring) -> SQLState? {
    let parts = line.utf8.split(separator: UInt8(ascii: ":"))
    for part in parts {
      let word = part.drop { $0 == UInt8(ascii: " ") }
      guard word.count == 5, part.first == UInt8(ascii: " ") else { continue }
      // Every state has a digit, which tells it from the severity, FATAL.
      let digits = word.count { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      let letters = word.count { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
      if digits > 0, digits + letters == 5 {
        return SQLState(rawValue: String(decoding: word, as: UTF8.self))
      }
    }
    return nil
  }
}

extension ConnectFailure {
  var isCrowded: Bool { sqlState == .tooManyConnections }

  var error: DatabaseError {
    DatabaseError(.unavailable, sqlState: sqlState, message: message)
  }
}
