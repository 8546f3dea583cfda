internal import Dispatch
internal import Glibc

/// Finds the addresses of host names on a thread of its own, because `getaddrinfo` blocks.
enum HostResolver {
  private static let queue = DispatchQueue(label: "integrationd.resolver")

  /// Every target with its addresses, in order; a name that is not found is left out.
  /// - Parameters:
  ///   - isWanted: asked when it is the lookup's turn, because one that hangs makes others wait that are
  ///     given up meanwhile.
  ///   - done: called once, on the resolver's thread, or at once where nothing is to be asked. Not called
  ///     for what is not wanted any more.
  static func resolve(
    _ targets: [HostTarget], isWanted: @escaping @Sendable () -> Bool = { true },
    _ done: @escaping @Sendable ([ResolvedHost]) -> Void
  ) {
    guard targets.contains(where: \.needsResolution) else {
      return done(targets.flatMap(addresses))
    }
    queue.async {
      guard isWanted() else { return }
      done(targets.flatMap(addresses))
    }
  }

  private static func addresses(of target: HostTarget) -> [ResolvedHost] {
    guard target.needsResolution else {
      return [ResolvedHost(host: target.host, address: target.address, port: target.port)]
    }
    return lookUp(target.host).map {
      ResolvedHost(host: target.host, address: $0, port: target.port)
    }
  }

  /// The addresses of a name in numeric form, without repetitions.
  private static func lookUp(_ name: String) -> [String] {
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_UNSPEC
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
    defer { unsafe freeaddrinfo(list) }
    var addresses: [String] = []
    var entry = unsafe list
    while let info = unsafe entry {
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      if unsafe getnameinfo(
        info.pointee.ai_addr, info.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0,
        NI_NUMERICHOST) == 0
      {
        let address = String(
          decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        if !addresses.contains(address) { addresses.append(address) }
      }
      unsafe entry = info.pointee.ai_next
    }
    return addresses
  }
}
