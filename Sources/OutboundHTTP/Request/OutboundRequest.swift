package import NetworkAddress

/// A request to a host that somebody else runs.
package struct OutboundRequest: Sendable {
  package var method: OutboundMethod
  package var url: OutboundURL
  /// In the order in which they are sent.
  package var headers: [OutboundHeader]
  package var body: [UInt8]
  package var timeouts: OutboundTimeouts
  package var limits: ResponseLimits
  /// Which addresses may be dialled.
  package var policy: AddressPolicy

  package init(
    _ method: OutboundMethod, _ url: OutboundURL, headers: [OutboundHeader] = [],
    body: [UInt8] = [], timeouts: OutboundTimeouts = OutboundTimeouts(),
    limits: ResponseLimits = ResponseLimits(), policy: AddressPolicy = AddressPolicy()
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeouts = timeouts
    self.limits = limits
    self.policy = policy
  }
}
