/// An address or a block of addresses, as `192.0.2.7`, `192.0.2.0/24` or `2001:db8::/32`.
///
/// A block inside `::ffff:0:0/96` is the IPv4 block it stands for.
package struct CIDRBlock: Sendable, Hashable {
  /// The first and the last address; both of one family.
  package let first: IPAddress
  package let last: IPAddress

  /// - Throws: ``CIDRError`` for what no address is (see ``IPAddress/init(_:)``), a prefix length
  ///   with leading zeros or beyond the family's, and host bits that are set.
  package init(_ text: String) throws(CIDRError) {
    // The longest address, a slash and three digits.
    guard text.utf8.count <= 49 else { throw .invalidAddress }
    let parts = text.utf8.split(
      separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
    let address = Array(parts[0])
    let isV6 = address.contains(UInt8(ascii: ":"))
    let width = isV6 ? 128 : 32
    var length = width
    if parts.count == 2 {
      guard let given = IPAddress.decimal(Array(parts[1])[...], atMost: width) else {
        throw .invalidPrefixLength
      }
      length = given
    }
    if isV6 {
      guard let bits = IPAddress.v6Bits(address[...]) else { throw .invalidAddress }
      if bits >> 32 == 0xFFFF, length >= 96 {
        (first, last) = try Self.v4(UInt32(truncatingIfNeeded: bits), length: length - 96)
      } else {
        let hostBits: UInt128 = length == 0 ? .max : (1 << UInt128(128 - length)) - 1
        guard bits & hostBits == 0 else { throw .hostBitsSet }
        (first, last) = (.v6(bits), .v6(bits | hostBits))
      }
    } else {
      guard let bits = IPAddress.v4Bits(address[...]) else { throw .invalidAddress }
      (first, last) = try Self.v4(bits, length: length)
    }
  }

  private static func v4(
    _ bits: UInt32, length: Int
  ) throws(CIDRError) -> (IPAddress, IPAddress) {
    let hostBits: UInt32 = length == 0 ? .max : (1 << UInt32(32 - length)) &- 1
    guard bits & hostBits == 0 else { throw .hostBitsSet }
    return (.v4(bits), .v4(bits | hostBits))
  }
}

/// Why a text is no block of addresses. The description completes "must be".
package enum CIDRError: Error, Sendable, Equatable, CustomStringConvertible {
  case invalidAddress, invalidPrefixLength, hostBitsSet

  package var description: String {
    switch self {
    case .invalidAddress:
      "an IPv4 or IPv6 address or CIDR block, without zone id and leading zeros"
    case .invalidPrefixLength: "a CIDR block with a prefix length of 0 to 32 (IPv4) or 128 (IPv6)"
    case .hostBitsSet: "a CIDR block without host bits"
    }
  }
}
