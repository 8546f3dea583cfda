/// A statement on its way to being, or already, prepared on one connection.
final class PreparedStatement {
  enum State {
    /// Sent; the server has not answered yet.
    case preparing
    case ready
    /// What was sent to run it fails for want of it, for this reason.
    case failed(DatabaseError)
  }

  let statement: Statement
  /// Its name on the connection: differs from the statement's when it was prepared anew.
  let name: String
  var state = State.preparing
  /// The types of `$1`, `$2`, … once the server told them; empty before.
  var parameterTypes: [TypeOID] = []

  init(_ statement: Statement, name: String) {
    self.statement = statement
    self.name = name
  }
}
