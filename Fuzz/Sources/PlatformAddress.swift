internal import Glibc
internal import NetworkAddress

/// What the C library takes a text for. Nothing is looked up.
enum PlatformAddress {
  /// Every address that some reader of the platform sees in `text`: `inet_aton(3)` with its short,
  /// octal and hexadecimal forms, `inet_pton(3)`, and `getaddrinfo(3)` for numbers only.
  static func readings(of text: String) -> [IPAddress] {
    var found = [aton(text)].compactMap { $0 }
    if let v6 = pton6(text) { found.append(v6) }
    return found + numericHost(text)
  }

  /// What `inet_pton(3)` reads, the strictest of them.
  static func strict(_ text: String) -> IPAddress? {
    var address = in_addr()
    if unsafe inet_pton(AF_INET, text, &address) == 1 {
      return .v4(UInt32(bigEndian: address.s_addr))
    }
    return pton6(text)
  }

  private static func aton(_ text: String) -> IPAddress? {
    var address = in_addr()
    guard unsafe inet_aton(text, &address) != 0 else { return nil }
    return .v4(UInt32(bigEndian: address.s_addr))
  }

  private static func pton6(_ text: String) -> IPAddress? {
    var bytes: [UInt8] = Array(repeating: 0, count: 16)
    guard unsafe inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
    return canonical(bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) })
  }

  private static func canonical(_ bits: UInt128) -> IPAddress {
    bits >> 32 == 0xFFFF ? .v4(UInt32(truncatingIfNeeded: bits)) : .v6(bits)
  }

  private static func numericHost(_ text: String) -> [IPAddress] {
    var hints = unsafe addrinfo()
    unsafe hints.ai_flags = AI_NUMERICHOST
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(text, nil, &hints, &list) == 0 else { return [] }
    defer { unsafe freeaddrinfo(list) }
    var found: [IPAddress] = []
    var entry = unsafe list
    while let info = unsafe entry {
      if let address = unsafe read(info.pointee) { found.append(address) }
      unsafe entry = info.pointee.ai_next
    }
    return found
  }

  private static func read(_ info: addrinfo) -> IPAddress? {
    guard let raw = unsafe UnsafeRawPointer(info.ai_addr) else { return nil }
    switch unsafe info.ai_family {
    case AF_INET:
      return .v4(UInt32(bigEndian: unsafe raw.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
    case AF_INET6:
      // The address stands behind family, port and flow label.
      return canonical(
        UInt128(bigEndian: unsafe raw.loadUnaligned(fromByteOffset: 8, as: UInt128.self)))
    default: return nil
    }
  }
}
