internal import Glibc
internal import NetworkAddress

extension IPAddress {
  /// The address in a socket address (`ip(7)`, `ipv6(7)`); nil for other families. The zone is left
  /// out: only link-local addresses have one.
  init?(sockaddr: UnsafeRawPointer, length: Int) {
    guard length >= MemoryLayout<sa_family_t>.size else { return nil }
    switch Int32(unsafe sockaddr.loadUnaligned(as: sa_family_t.self)) {
    case AF_INET:
      guard length >= MemoryLayout<sockaddr_in>.size else { return nil }
      let address = unsafe sockaddr.loadUnaligned(as: sockaddr_in.self)
      self = .v4(UInt32(bigEndian: address.sin_addr.s_addr))
    case AF_INET6:
      guard length >= MemoryLayout<sockaddr_in6>.size,
        let offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)
      else { return nil }
      let bits = UInt128(
        bigEndian: unsafe sockaddr.loadUnaligned(fromByteOffset: offset, as: UInt128.self))
      self = bits >> 32 == 0xFFFF ? .v4(UInt32(truncatingIfNeeded: bits)) : .v6(bits)
    default: return nil
    }
  }
}
