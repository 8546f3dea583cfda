/// Why the database did not do what it was asked.
///
/// ``description`` may be shown to anybody: it holds no SQL, no value and nothing the server wrote.
/// ``debugDescription`` is for the log and adds SQLSTATE, constraint and the server's primary message where
/// that cannot quote a value.
package struct DatabaseError: Error, Sendable, Hashable {
  package let kind: Kind
  /// The server's five characters, where it was the server that refused.
  package let sqlState: SQLState?
  /// For the log only.
  let message: String?

  package enum Kind: Sendable, Hashable {
    /// No connection, or the server is going down or starting. Nothing was done; may be tried again.
    case unavailable
    /// Too many calls wait already. Nothing was done; may be tried again later.
    case overloaded
    /// The call's deadline, or a lock or statement timeout of the server. Nothing was done.
    case deadlineExceeded
    /// The caller's task was cancelled. Nothing was done.
    case cancelled
    /// The connection was lost, or the deadline passed, between sending a write and its reply: it was
    /// done entirely or not at all, and only looking tells.
    case outcomeUnknown
    /// A value that PostgreSQL has no room for: a NUL in text, invalid UTF-8.
    case invalidInput
    /// A constraint refused the row.
    case constraint(Constraint)
    /// A conflict with a concurrent transaction (40001, 40P01). Nothing was done; the whole transaction may
    /// be run again.
    case serialization
    /// The server takes no writes (25006): a standby, or an operator's switch.
    case readOnly
    /// The server has no room left (53100).
    case diskFull
    /// The server refused for any other reason, see ``DatabaseError/sqlState``.
    case server
    /// The reply is not what the query expects.
    case decoding(RowError)
    /// A mistake in the program: the sentence says which.
    case misuse(String)
  }

  /// Which constraint, and of which sort. The name is one of our migrations' names.
  package struct Constraint: Sendable, Hashable {
    package enum Sort: Sendable, Hashable {
      case unique, foreignKey, check, notNull, exclusion
    }
    package let sort: Sort
    /// The constraint's name; for ``Sort/notNull`` the column's.
    package let name: String

    package init(sort: Sort, name: String) {
      self.sort = sort
      self.name = name
    }
  }

  package init(_ kind: Kind, sqlState: SQLState? = nil, message: String? = nil) {
    self.kind = kind
    self.sqlState = sqlState
    self.message = message
  }
}

extension DatabaseError {
  static let closed = DatabaseError(.unavailable, message: "the database client is closed")

  /// The violated constraint, when it is one of `sort`.
  package func constraint(_ sort: Constraint.Sort) -> String? {
    guard case .constraint(let constraint) = kind, constraint.sort == sort else { return nil }
    return constraint.name
  }

  /// Whether the whole transaction may simply be run again.
  var isConflict: Bool { kind == .serialization }
}

extension DatabaseError: CustomStringConvertible, CustomDebugStringConvertible {
  package var description: String {
    switch kind {
    case .unavailable: "the database is not available"
    case .overloaded: "too many calls wait for the database"
    case .deadlineExceeded: "the database did not answer in time"
    case .cancelled: "the call was cancelled while it waited for the database"
    case .outcomeUnknown: "it is not known whether the database carried out the write"
    case .invalidInput: "a value cannot be stored as text"
    case .constraint: "a constraint of the database refused the write"
    case .serialization: "a concurrent transaction was in the way"
    case .readOnly: "the database takes no writes"
    case .diskFull: "the database has no room left"
    case .server: "the database refused the statement"
    case .decoding: "the database answered in an unexpected form"
    case .misuse: "the database client was used wrongly"
    }
  }

  package var debugDescription: String {
    var text = description
    switch kind {
    case .constraint(let constraint): text += "; \(constraint.sort) \(constraint.name)"
    case .decoding(let error): text += "; \(error)"
    case .misuse(let rule): text += "; \(rule)"
    default: break
    }
    if let sqlState { text += "; SQLSTATE \(sqlState)" }
    if let message { text += "; \(message)" }
    return text
  }
}
