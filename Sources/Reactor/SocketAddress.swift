internal import CEpoll
internal import Glibc

/// The address of a Unix socket with a name in the file system.
struct SocketAddress: Sendable {
  /// `sun_path` has 108 bytes, one of them for the terminating zero; unix(7).
  static let maxPathBytes = 107

  let path: String
  private let bytes: [UInt8]

  /// - Throws: `EINVAL` for an empty path, an abstract name (`@` or zero first) or a zero byte in
  ///   it; `ENAMETOOLONG`.
  init(path: String) throws(SystemError) {
    let bytes = Array(path.utf8)
    guard let first = bytes.first, first != UInt8(ascii: "@"), !bytes.contains(0) else {
      throw SystemError(errno: EINVAL, operation: "use '\(path)' as the path of a socket")
    }
    guard bytes.count <= Self.maxPathBytes else {
      throw SystemError(errno: ENAMETOOLONG, operation: "use '\(path)' as the path of a socket")
    }
    self.path = path
    self.bytes = bytes
  }

  /// Calls `body`, which is `bind` or `connect`, with this address.
  func withSockaddr(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  /// A new non-blocking stream socket, closed on exec.
  static func makeSocket() throws(SystemError) -> Descriptor {
    try Descriptor(
      checking: socket(
        AF_UNIX,
        Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0),
      "socket")
  }
}
