package import NetworkAddress

/// A request without a complete response.
package struct OutboundFailure: Error, Sendable, Hashable {
  package let cause: FailureCause
  /// What happened, for people. No secrets: neither headers nor the path of the URL.
  package let message: String
  package let timings: OutboundTimings
  /// Who was connected to.
  package let peer: IPAddress?
  /// The status of a response that had begun.
  package let status: Int?
  /// Whether the other side may have the request, or part of it. When false, it is certain that not
  /// a byte of it left.
  package let requestMayHaveArrived: Bool

  package init(
    _ cause: FailureCause, _ message: String, timings: OutboundTimings = OutboundTimings(),
    peer: IPAddress? = nil, status: Int? = nil, requestMayHaveArrived: Bool = false
  ) {
    self.cause = cause
    self.message = message
    self.timings = timings
    self.peer = peer
    self.status = status
    self.requestMayHaveArrived = requestMayHaveArrived
  }
}

extension OutboundFailure: CustomStringConvertible {
  /// `connect_refused: 192.0.2.7 refused the connection`.
  package var description: String { "\(cause.name): \(message)" }
}
