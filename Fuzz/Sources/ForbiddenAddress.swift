internal import NetworkAddress

/// Addresses that no tenant may reach, written down a second time: by their octets, straight from the
/// registries, without the tables and the arithmetic of `AddressPolicy`.
enum ForbiddenAddress {
  static func contains(_ address: IPAddress) -> Bool {
    switch address {
    case .v4(let bits):
      isForbidden(UInt8(bits >> 24), UInt8(bits >> 16 & 255), UInt8(bits >> 8 & 255))
    case .v6(let bits): isForbidden(bits)
    }
  }

  private static func isForbidden(_ a: UInt8, _ b: UInt8, _ c: UInt8) -> Bool {
    switch (a, b, c) {
    case (0, _, _), (10, _, _), (127, _, _), (224...255, _, _): true
    case (100, 64...127, _), (169, 254, _), (172, 16...31, _), (192, 168, _): true
    case (192, 0, 0), (192, 0, 2), (198, 18...19, _), (198, 51, 100), (203, 0, 113): true
    default: false
    }
  }

  private static func isForbidden(_ bits: UInt128) -> Bool {
    let first = UInt16(bits >> 112)
    let second = UInt16(truncatingIfNeeded: bits >> 96)
    switch (first, second) {
    case (0x2002, _), (0x2001, 0), (0x2001, 0xDB8): return true  // 6to4, Teredo, documentation
    case (0x2000...0x3FFF, _): return false  // the rest of global unicast may be dialled, or not
    default: return true
    }
  }
}
