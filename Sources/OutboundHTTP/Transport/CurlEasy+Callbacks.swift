internal import CCurl
internal import Glibc
internal import NetworkAddress

/// What libcurl calls, on the loop's thread, in the middle of one of its own functions.
extension CurlEasy {
  static let takeHeaderLine: curl_write_callback = { bytes, size, count, context in
    guard let transfer = unsafe transfer(of: context), let bytes = unsafe bytes else { return 0 }
    transfer.didHear()
    let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    return unsafe transfer.response.takeHeaderLine(line) ? line.count : 0
  }

  static let takeBody: curl_write_callback = { bytes, size, count, context in
    guard let transfer = unsafe transfer(of: context), let bytes = unsafe bytes else { return 0 }
    let piece = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    return unsafe transfer.response.takeBody(piece) ? piece.count : 0
  }

  /// The last look at an address before it is dialled.
  static let openSocket: curl_opensocket_callback = { context, _, target in
    guard let transfer = unsafe transfer(of: context), let target = unsafe target,
      let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr)
    else { return -1 }
    // An IPv6 address goes on behind the member that is declared.
    let address = unsafe IPAddress(
      sockaddr: UnsafeRawPointer(target) + offset, length: Int(target.pointee.addrlen))
    guard transfer.mayDial(address) else { return -1 }
    let descriptor = unsafe socket(
      target.pointee.family, target.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
      target.pointee.protocol)
    if descriptor < 0 { transfer.obstacle = .socket(errno: errno) }
    return descriptor
  }

  /// The last look at a connection, new or not, before a request is written to it.
  static let admitRequest: curl_prereq_callback = { context, peer, _, _, _ in
    guard let transfer = unsafe transfer(of: context), let peer = unsafe peer,
      unsafe transfer.mayTalk(to: String(cString: peer))
    else { return CURL_PREREQFUNC_ABORT }
    return transfer.mayWrite() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
  }

  private static func transfer(of context: UnsafeMutableRawPointer?) -> Transfer? {
    guard let context = unsafe context else { return nil }
    return unsafe Unmanaged<CurlEasy>.fromOpaque(context).takeUnretainedValue().transfer
  }
}
