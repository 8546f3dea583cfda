package import PostgresClient
package import TTRPC

extension ServiceError {
  /// What a caller hears about a failure of the database. Constraints that mean something to the
  /// caller are translated by the repository that owns them, before this.
  ///
  /// A cause is logged for each call, so only what nobody logs elsewhere has one: that the database
  /// is down is told once, by the pool.
  package init(_ error: DatabaseError) {
    switch error.kind {
    case .unavailable:
      self.init(
        .unavailable, "the database cannot be reached", details: [.retryInfo(.seconds(1))])
    case .serialization:
      self.init(.unavailable, "a concurrent change was in the way", details: [.retryInfo(.zero)])
    case .readOnly:
      self.init(
        .unavailable, "the database takes no changes now", details: [.retryInfo(.seconds(10))])
    case .diskFull:
      self.init(
        .unavailable, "the database has no room left", details: [.retryInfo(.seconds(10))])
    case .overloaded:
      self.init(
        .resourceExhausted, "too many calls wait for the database",
        details: [.retryInfo(.seconds(1))])
    case .outcomeUnknown:
      self = .outcomeUnknown(cause: LoggedCause(error))
    case .deadlineExceeded:
      self.init(.deadlineExceeded, "the database did not answer in time")
    case .cancelled:
      self.init(.cancelled, "the call was cancelled")
    case .invalidInput:
      self.init(.invalidArgument, "a text holds what cannot be stored")
    case .constraint, .server, .decoding, .misuse:
      self.init(.internal, "the daemon failed", cause: LoggedCause(error))
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
