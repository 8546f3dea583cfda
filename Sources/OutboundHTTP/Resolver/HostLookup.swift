internal import Glibc
internal import NetworkAddress

/// `getaddrinfo(3)`. Blocks.
package enum HostLookup {
  // Glibc has these two for _GNU_SOURCE only.
  private static let noData: Int32 = -5
  private static let noAddressFamily: Int32 = -9

  /// The addresses of a name, without repetitions, in the order of RFC 6724.
  package static func addresses(of name: String) -> NameAnswer {
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_UNSPEC
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = unsafe getaddrinfo(name, nil, &hints, &list)
    guard code == 0 else { return answer(toCode: code) }
    defer { unsafe freeaddrinfo(list) }
    var addresses: [IPAddress] = []
    var seen: Set<IPAddress> = []
    var entry = unsafe list
    while let info = unsafe entry {
      if let raw = unsafe info.pointee.ai_addr,
        let address = unsafe IPAddress(sockaddr: raw, length: Int(info.pointee.ai_addrlen)),
        seen.insert(address).inserted
      {
        addresses.append(address)
      }
      unsafe entry = info.pointee.ai_next
    }
    return addresses.isEmpty ? .notFound : .addresses(addresses)
  }

  /// What an error of `getaddrinfo(3)` means, and by that whose it is.
  package static func answer(toCode code: Int32) -> NameAnswer {
    switch code {
    case EAI_NONAME, noData, noAddressFamily: return .notFound
    default: return unsafe .unavailable(String(cString: gai_strerror(code)))
    }
  }
}
