/// Why the roles of a database are not as they must be.
package enum RolesError: Error, Sendable, Equatable {
  /// The login may not do it; an administrator has to run these statements, in this order.
  case notPermitted(sql: [String])
  case database(AdminError)
}

extension RolesError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notPermitted(let sql):
      """
      this login may not set up the database's roles; have an administrator run:
      \(sql.map { "  " + $0 + ";" }.joined(separator: "\n"))
      """
    case .database(let error): "cannot set up the database's roles: \(error)"
    }
  }
}
