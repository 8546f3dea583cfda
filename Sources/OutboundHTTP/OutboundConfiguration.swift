/// How an ``OutboundHTTPClient`` works, for all its requests.
package struct OutboundConfiguration: Sendable, Hashable {
  package var limits: OutboundLimits
  /// Sent where a request does not say otherwise.
  package var userAgent: String
  /// A file of certificates (PEM) trusted besides those in the system's directory, for private
  /// authorities. Nil: those of the system. A file that cannot be read fails every `https` request as
  /// ``FailureCause/localResource``.
  package var extraCAFile: String?

  package init(
    limits: OutboundLimits = OutboundLimits(), userAgent: String = "integrationd",
    extraCAFile: String? = nil
  ) {
    self.limits = limits
    self.userAgent = userAgent
    self.extraCAFile = extraCAFile
  }
}
