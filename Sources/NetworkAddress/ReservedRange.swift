/// A block of addresses that is not the public Internet, or that hosts of a cloud answer secrets at.
package struct ReservedRange: Sendable, Hashable {
  /// The first address and the number of bits that all addresses of the block share with it.
  package let first: IPAddress
  package let prefixLength: Int
  /// What lives there, as in "`10.0.0.0/8` is for private networks".
  package let purpose: String
  /// The document that says so.
  package let source: String
  /// Whether no allow list opens the block.
  package let isSealed: Bool

  package func contains(_ address: IPAddress) -> Bool {
    switch (first, address) {
    case (.v4(let start), .v4(let bits)):
      (start ^ bits) & UInt32(truncatingIfNeeded: Self.mask(prefixLength, of: 32)) == 0
    case (.v6(let start), .v6(let bits)): (start ^ bits) & Self.mask(prefixLength, of: 128) == 0
    case (.v4, .v6), (.v6, .v4): false
    }
  }

  /// A number of `width` bits whose first `length` ones are set.
  private static func mask(_ length: Int, of width: Int) -> UInt128 {
    length == 0 ? 0 : UInt128.max << UInt128(width - length)
  }

  /// A block of IPv4 that an allow list opens.
  static func v4(
    _ first: UInt32, _ prefixLength: Int, _ purpose: String, _ source: String
  ) -> ReservedRange {
    ReservedRange(
      first: .v4(first), prefixLength: prefixLength, purpose: purpose, source: source,
      isSealed: false)
  }

  /// A block of IPv6 that an allow list opens, by its first 64 bits.
  static func v6(
    _ prefix: UInt64, _ prefixLength: Int, _ purpose: String, _ source: String
  ) -> ReservedRange {
    ReservedRange(
      first: .v6(UInt128(prefix) << 64), prefixLength: prefixLength, purpose: purpose,
      source: source, isSealed: false)
  }

  /// A block that nothing opens.
  static func sealed(
    _ first: IPAddress, _ prefixLength: Int, _ purpose: String, _ source: String
  ) -> ReservedRange {
    ReservedRange(
      first: first, prefixLength: prefixLength, purpose: purpose, source: source, isSealed: true)
  }
}

extension ReservedRange: CustomStringConvertible {
  /// `10.0.0.0/8 (private networks, RFC 1918)`.
  package var description: String { "\(first)/\(prefixLength) (\(purpose), \(source))" }
}
