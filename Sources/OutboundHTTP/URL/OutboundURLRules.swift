/// What an operator lets URLs be.
package struct OutboundURLRules: Sendable, Hashable {
  /// 80, 443 and what is not a well-known service of a host.
  package static let defaultPorts: [ClosedRange<UInt16>] = [80...80, 443...443, 1024...65535]

  /// Whether `http://` will do.
  package var allowsHTTP: Bool
  package var ports: [ClosedRange<UInt16>]

  package init(
    allowsHTTP: Bool = false, ports: [ClosedRange<UInt16>] = OutboundURLRules.defaultPorts
  ) {
    self.allowsHTTP = allowsHTTP
    self.ports = ports
  }
}
