/// The five characters by which PostgreSQL names a condition ("PostgreSQL Error Codes" in its manual).
package struct SQLState: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
  package let rawValue: String

  package init(rawValue: String) { self.rawValue = rawValue }

  package init(stringLiteral value: String) { rawValue = value }

  /// The first two characters: the class of conditions.
  var conditionClass: String { String(rawValue.prefix(2)) }
}

extension SQLState: CustomStringConvertible {
  package var description: String { rawValue }
}

extension SQLState {
  static let readOnlyTransaction: SQLState = "25006"
  static let abortedTransaction: SQLState = "25P02"
  static let unknownStatement: SQLState = "26000"
  static let duplicateStatement: SQLState = "42P05"
  static let featureNotSupported: SQLState = "0A000"
  static let tooManyConnections: SQLState = "53300"
  static let queryCanceled: SQLState = "57014"
  static let adminShutdown: SQLState = "57P01"

  /// What a condition means to a caller; `name` is the constraint's or column's, where there is one.
  func kind(constraint name: String) -> DatabaseError.Kind {
    switch rawValue {
    // 57P01 administrator command, 57P02 crash, 57P03 starting up, 57P04 database dropped,
    // 57P05 and 25P03 the session was idle too long.
    case "57P01", "57P02", "57P03", "57P04", "57P05", "25P03", "53300": return .unavailable
    case "55P03", "57014": return .deadlineExceeded
    case "40001", "40P01": return .serialization
    case "22021", "22P05": return .invalidInput
    case "25006": return .readOnly
    case "53100": return .diskFull
    case "23505": return .constraint(.init(sort: .unique, name: name))
    case "23503": return .constraint(.init(sort: .foreignKey, name: name))
    case "23514": return .constraint(.init(sort: .check, name: name))
    case "23502": return .constraint(.init(sort: .notNull, name: name))
    case "23P01": return .constraint(.init(sort: .exclusion, name: name))
    default: return conditionClass == "08" ? .unavailable : .server
    }
  }

  /// Whether the server's primary message may quote a value: data exceptions do
  /// (`invalid input syntax for type uuid: "…"`), what a function raises may, and so do names that came as
  /// values (`to_regclass`, `set_config`).
  var messageMayQuoteValues: Bool {
    conditionClass == "22" || conditionClass == "P0" || rawValue == "42704" || rawValue == "42602"
  }
}
