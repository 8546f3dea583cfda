internal import CEpoll
internal import Glibc

/// A connected socket that no loop owns yet: can go to any loop, which makes a ``StreamSocket`` of
/// it. Closed when it goes without that.
package final class AcceptedSocket: Sendable {
  package let peer: PeerCredentials
  private let descriptor: Guarded<Int32>

  init(_ descriptor: consuming Descriptor) throws(SystemError) {
    peer = try PeerCredentials(of: descriptor.raw)
    self.descriptor = Guarded(descriptor.release())
  }

  /// Two sockets connected with each other, as `socketpair(2)` makes them.
  package static func pair() throws(SystemError) -> (AcceptedSocket, AcceptedSocket) {
    var pair: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, type, 0, &pair) == 0 else { throw .last("socketpair") }
    let first = Descriptor(pair[0])
    let second = Descriptor(pair[1])
    return (try AcceptedSocket(first), try AcceptedSocket(second))
  }

  /// Hands over the descriptor, once.
  func take() -> Int32 {
    descriptor.withLock { descriptor in
      precondition(descriptor >= 0, "an AcceptedSocket becomes a StreamSocket once")
      defer { descriptor = -1 }
      return descriptor
    }
  }

  deinit {
    let left = descriptor.withLock { $0 }
    if left >= 0 { _ = Glibc.close(left) }
  }
}
