package import Reactor

/// How long each part of a request may take.
package struct OutboundTimeouts: Sendable, Hashable {
  /// To find the addresses of the host.
  package var resolve: Duration
  /// To connect, all addresses that are tried together.
  package var connect: Duration
  /// For the TLS handshake.
  package var tls: Duration
  /// From when the connection is ready to the first byte of the response: sending is part of it.
  package var firstByte: Duration
  /// From beginning to end.
  package var total: Duration
  /// When the request must be over, if that is sooner than ``total`` says.
  package var deadline: MonotonicInstant

  package init(
    resolve: Duration = .seconds(2), connect: Duration = .seconds(5), tls: Duration = .seconds(5),
    firstByte: Duration = .seconds(15), total: Duration = .seconds(30),
    deadline: MonotonicInstant = .distantFuture
  ) {
    self.resolve = resolve
    self.connect = connect
    self.tls = tls
    self.firstByte = firstByte
    self.total = total
    self.deadline = deadline
  }
}
