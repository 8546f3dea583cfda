/// Decides which addresses this host may dial for a tenant: the public Internet, and what the
/// operator opened.
///
/// Nothing a tenant says may lead to what only this host can reach: its own services, the private
/// network, the cloud's metadata. The question is put for the address that is really dialled, never
/// for a name.
package struct AddressPolicy: Sendable, Hashable {
  private let allowed: CIDRSet
  private let ownAddresses: CIDRSet

  /// - Parameters:
  ///   - allowed: opens reserved addresses, such as a private network. Keep it narrow. What is
  ///     ``ReservedRange/isSealed`` stays shut whatever it says.
  ///   - ownAddresses: of this host: denied, even if allowed.
  package init(allowed: CIDRSet = CIDRSet(), ownAddresses: CIDRSet = CIDRSet()) {
    self.allowed = allowed
    self.ownAddresses = ownAddresses
  }

  package func verdict(on address: IPAddress) -> AddressVerdict {
    if case .v6(let bits) = address, bits >> 32 == 0xFFFF {
      return verdict(on: .v4(UInt32(truncatingIfNeeded: bits)))
    }
    if let range = Self.sealedRange(of: address) { return .reserved(range) }
    if ownAddresses.contains(address) { return .ownAddress }
    let isAllowed = allowed.contains(address)
    if case .v6(let bits) = address, isAllowed, ReservedRange.nat64.contains(address) {
      return verdict(on: .v4(UInt32(truncatingIfNeeded: bits)))
    }
    if isAllowed { return .allowed }
    if let range = ReservedRange.openable.first(where: { $0.contains(address) }) {
      return .reserved(range)
    }
    guard case .v6 = address, !ReservedRange.globalUnicast.contains(address) else {
      return .allowed
    }
    return .reserved(.unassigned)
  }

  private static func sealedRange(of address: IPAddress) -> ReservedRange? {
    if let range = ReservedRange.sealed.first(where: { $0.contains(address) }) { return range }
    guard case .v6(let bits) = address else { return nil }
    if bits != 1, ReservedRange.v4Compatible.contains(address) { return .v4Compatible }
    let interface = UInt32(truncatingIfNeeded: bits >> 32)
    return interface == 0x0000_5EFE || interface == 0x0200_5EFE ? .isatap : nil
  }
}
