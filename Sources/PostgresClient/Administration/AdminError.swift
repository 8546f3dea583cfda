/// Why a statement of an ``AdminSession`` did not succeed.
///
/// Its text is for the operator (start-up output, logs), never for a caller on the socket: it may
/// quote the server's own message.
package enum AdminError: Error, Sendable, Equatable {
  /// There is nothing to connect with.
  case malformed(MalformedConnectionString)
  /// The server could not be reached or refused the session.
  case connection(String)
  /// The server refused a statement.
  case server(ServerReport)
  /// The time given for the connection or the statement ran out; the session is closed.
  case deadlineExceeded
  /// The awaiting task was cancelled; the session is closed.
  case cancelled
  /// The session was closed before.
  case closed
  /// A statement or value has a NUL, at which libpq would cut it.
  case containsNUL
  /// A result had another shape than the statement promises.
  case unexpectedResult(String)

  /// What the server said about a statement it refused.
  package struct ServerReport: Sendable, Equatable {
    /// Five characters, see "PostgreSQL Error Codes" in the manual.
    package let sqlState: String
    package let message: String
    package let detail: String?
    package let hint: String?

    package init(sqlState: String, message: String, detail: String? = nil, hint: String? = nil) {
      self.sqlState = sqlState
      self.message = message
      self.detail = detail
      self.hint = hint
    }
  }

  /// The SQLSTATE when the server refused a statement, nil otherwise.
  package var sqlState: String? {
    guard case .server(let report) = self else { return nil }
    return report.sqlState
  }
}

extension AdminError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformed(let error): error.description
    case .connection(let reason): "cannot connect to PostgreSQL: \(reason)"
    case .server(let report): report.description
    case .deadlineExceeded: "PostgreSQL did not answer in time"
    case .cancelled: "cancelled while waiting for PostgreSQL"
    case .closed: "the PostgreSQL session is closed"
    case .containsNUL: "a statement or value contains a NUL"
    case .unexpectedResult(let reason): "unexpected result from PostgreSQL: \(reason)"
    }
  }
}

extension AdminError.ServerReport: CustomStringConvertible {
  package var description: String {
    var text = "\(message) (SQLSTATE \(sqlState))"
    if let detail { text += "; \(detail)" }
    if let hint { text += "; hint: \(hint)" }
    return text
  }
}
