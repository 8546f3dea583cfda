/// Whose fault it is that there was no response.
package enum Fault: String, Sendable, Hashable, CaseIterable {
  /// The receiver's, its network's or its settings': no address, refused, cut, too late, bad TLS.
  case theirs
  /// Our host's: resolver, sockets, memory, shutdown, database.
  case ours
}

/// How an attempt ended, as far as retrying goes.
package enum AttemptOutcome: Sendable, Hashable {
  /// There was a response.
  /// - `retryAfter`: what ``RetryAfter/parse(_:nowUnixSeconds:)`` made of its header.
  case response(status: Int, retryAfter: Duration?)
  /// There was none, and another attempt may fare better.
  case failure(Fault)
  /// There was none, and no other attempt will fare better, as with a forbidden address.
  case permanentFailure(Fault)
}
