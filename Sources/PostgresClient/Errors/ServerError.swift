internal import CLibpq

/// What the server, or libpq in its place, reported about a statement.
struct ServerError {
  let error: DatabaseError
  /// The server ends the session with it (FATAL, PANIC), or the connection is already gone.
  let endsSession: Bool
  /// Reads a result of status `PGRES_FATAL_ERROR`.
  init(_ result: QueryResult) {
    guard let code = result.diagnostic(CLIBPQ_DIAG_SQLSTATE) else {
      // Only the server sends states: this is libpq telling that the connection broke.
      error = DatabaseError(.unavailable, message: "the connection to the server was lost")
      endsSession = true
      return
    }
    let state = SQLState(rawValue: code)
    let severity = result.diagnostic(CLIBPQ_DIAG_SEVERITY)
    let name =
      result.diagnostic(CLIBPQ_DIAG_CONSTRAINT_NAME)
      ?? result.diagnostic(CLIBPQ_DIAG_COLUMN_NAME) ?? ""
    error = DatabaseError(
      state.kind(constraint: name), sqlState: state,
      message: state.messageMayQuoteValues
        ? nil : result.diagnostic(CLIBPQ_DIAG_MESSAGE_PRIMARY))
    endsSession = severity == "FATAL" || severity == "PANIC"
  }
}
