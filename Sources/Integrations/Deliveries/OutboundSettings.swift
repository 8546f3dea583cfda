package import NetworkAddress

/// To whom the daemon may talk, from its configuration.
package struct OutboundSettings: Sendable {
  /// Whether webhooks may have http URLs.
  package var allowsHTTP: Bool
  /// Which addresses may be dialled.
  package var addresses: AddressPolicy
  /// A PEM file of authorities to trust besides the system's. Nil: the system's only.
  package var caFile: String?

  package init(allowsHTTP: Bool, addresses: AddressPolicy, caFile: String? = nil) {
    self.allowsHTTP = allowsHTTP
    self.addresses = addresses
    self.caFile = caFile
  }
}
