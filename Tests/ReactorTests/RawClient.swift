import Glibc

/// A blocking client with nothing of ours in it.
final class RawClient: Sendable {
  let descriptor: Int32

  init(path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard Self.connect(descriptor, path) == 0 else {
      close(descriptor)
      throw TestFailure("connect: errno \(errno)")
    }
  }

  /// A bound socket whose server is gone, or which listens when asked to.
  static func bind(path: String, listening: Bool) -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    _ = call(Glibc.bind, descriptor, path)
    if listening { listen(descriptor, 1) }
    return descriptor
  }

  static func connect(_ descriptor: Int32, _ path: String) -> Int32 {
    call(Glibc.connect, descriptor, path)
  }

  private static func call(
    _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ descriptor: Int32,
    _ path: String
  ) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  func send(_ text: String) {
    _ = write(descriptor, text, text.utf8.count)
  }

  /// Sends `text` with a descriptor in ancillary data (SCM_RIGHTS, unix(7)).
  func send(_ text: String, passing passed: Int32) {
    var bytes = Array(text.utf8)
    // struct cmsghdr { size_t len; int level; int type; } and the descriptor, padded to 8 bytes.
    var control = [UInt8](repeating: 0, count: 24)
    control.withUnsafeMutableBytes {
      $0.storeBytes(of: 20, as: Int.self)
      $0.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: Int32.self)
      $0.storeBytes(of: 1, toByteOffset: 12, as: Int32.self)
      $0.storeBytes(of: passed, toByteOffset: 16, as: Int32.self)
    }
    bytes.withUnsafeMutableBytes { bytes in
      control.withUnsafeMutableBytes { control in
        var vector = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        withUnsafeMutablePointer(to: &vector) { vector in
          var message = msghdr()
          message.msg_iov = vector
          message.msg_iovlen = 1
          message.msg_control = control.baseAddress
          message.msg_controllen = control.count
          _ = sendmsg(descriptor, &message, 0)
        }
      }
    }
  }

  /// What comes until the server ends, or -1 as a reset.
  func readToEnd() -> String? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0 { return nil }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer[..<count]
    }
  }

  deinit { close(descriptor) }
}
