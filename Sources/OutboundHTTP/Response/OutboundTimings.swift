/// How long the parts of a request took. Nil: it did not come to that, or there was nothing to do.
package struct OutboundTimings: Sendable, Hashable {
  /// To find the addresses of the host.
  package var resolve: Duration?
  /// To connect to the address that took it.
  package var connect: Duration?
  package var tls: Duration?
  /// From when the connection was ready to the first byte of the response.
  package var firstByte: Duration?
  package var total: Duration

  package init(
    resolve: Duration? = nil, connect: Duration? = nil, tls: Duration? = nil,
    firstByte: Duration? = nil, total: Duration = .zero
  ) {
    self.resolve = resolve
    self.connect = connect
    self.tls = tls
    self.firstByte = firstByte
    self.total = total
  }
}
