package import PostgresClient
internal import TTRPC

extension ServiceError {
  /// What a caller hears about a failure of the database. Constraints that mean something to the
  /// caller are translated by the repository that owns them, before this.
  package init(_ error: DatabaseError) {
    switch error.kind {
    case .unavailable:
      self.init(
        .unavailable, "the database cannot be reached", details: [.retryInfo(.seconds(1))],
        cause: error)
    case .outcomeUnknown:
      self = .outcomeUnknown(cause: error)
    case .deadlineExceeded:
      self.init(.deadlineExceeded, "the database did not answer in time", cause: error)
    default:
      self.init(.internal, "the daemon failed", cause: error)
    }
  }
}
