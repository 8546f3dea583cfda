/// What an ``AddressPolicy`` says of an address.
package enum AddressVerdict: Sendable, Hashable {
  case allowed
  /// The address is in a block that is not the public Internet and was not opened.
  case reserved(ReservedRange)
  /// The address is this host's own.
  case ownAddress

  package var isAllowed: Bool { self == .allowed }
}

extension AddressVerdict: CustomStringConvertible {
  /// Completes "the address is": `in 10.0.0.0/8 (private networks, RFC 1918)`.
  package var description: String {
    switch self {
    case .allowed: "allowed"
    case .reserved(let range): "in \(range)"
    case .ownAddress: "this host's own"
    }
  }
}
