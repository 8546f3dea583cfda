package import PostgresClient
package import TTRPC

extension ServiceError {
  /// What a caller hears about a failure of the database. Constraints that mean something to the
  /// caller are translated by the repository that owns them, before this.
  package init(_ error: DatabaseError) {
    let cause = LoggedCause(error)
    switch error.kind {
    case .unavailable:
      self.init(
        .unavailable, "the database cannot be reached", details: [.retryInfo(.seconds(1))],
        cause: cause)
    case .serialization:
      self.init(
        .unavailable, "a concurrent change was in the way", details: [.retryInfo(.zero)],
        cause: cause)
    case .readOnly, .diskFull:
      self.init(
        .unavailable, "the database takes no changes now", details: [.retryInfo(.seconds(10))],
        cause: cause)
    case .overloaded:
      self.init(
        .resourceExhausted, "too many calls wait for the database",
        details: [.retryInfo(.seconds(1))], cause: cause)
    case .outcomeUnknown:
      self = .outcomeUnknown(cause: cause)
    case .deadlineExceeded:
      self.init(.deadlineExceeded, "the database did not answer in time", cause: cause)
    case .cancelled:
      self.init(.cancelled, "the call was cancelled", cause: cause)
    case .invalidInput:
      self.init(.invalidArgument, "a text holds what cannot be stored", cause: cause)
    case .constraint, .server, .decoding, .misuse:
      self.init(.internal, "the daemon failed", cause: cause)
    }
  }
}

/// A database error a service does not catch presents itself.
extension DatabaseError: RPCErrorConvertible {
  package var rpcError: RPCError { ServiceError(self).rpcError }
  package var cause: (any Error)? { ServiceError(self).cause }
}

/// A database error in the words that are meant for the log.
struct LoggedCause: Error, CustomStringConvertible {
  let description: String

  init(_ error: DatabaseError) { description = error.debugDescription }
}
