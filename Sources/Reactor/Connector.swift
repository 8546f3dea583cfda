internal import CEpoll
internal import Glibc

/// Connects to a Unix socket without blocking.
enum Connector {
  private static let firstPause = Duration.milliseconds(1)
  private static let longestPause = Duration.milliseconds(50)

  /// Tries until connected; see ``StreamSocket/connect(path:on:deadline:)``. Runs on the loop.
  static func connect(
    to address: SocketAddress, on loop: EventLoop, deadline: Deadline
  ) async throws(SystemError) -> AcceptedSocket {
    let socket = try SocketAddress.makeSocket()
    var pause = firstPause
    while true {
      let result = unsafe address.withSockaddr { unsafe Glibc.connect(socket.raw, $0, $1) }
      if result == 0 { return try AcceptedSocket(socket) }
      let error = SystemError.last("connect \(address.path)")
      // A Unix socket never says EINPROGRESS: with a full backlog it says EAGAIN; connect(2).
      guard error.errno == EAGAIN || error.errno == EINTR else { throw error }
      guard !deadline.hasPassed else {
        throw SystemError(errno: ETIMEDOUT, operation: error.operation)
      }
      do {
        try await loop.sleep(for: min(pause, deadline.remaining))
      } catch {
        throw SystemError(errno: ECANCELED, operation: "connect \(address.path)")
      }
      pause = min(pause * 2, longestPause)
    }
  }
}

extension EventLoop {
  /// Waits on this loop's clock, which keeps counting while the machine sleeps.
  /// - Throws: `CancellationError` when the task is cancelled first.
  package func sleep(for duration: Duration) async throws {
    let never = Completion<Void>()
    do {
      try await never.value(by: Deadline(after: duration), on: self)
    } catch is DeadlineExceeded {
      return
    }
  }
}
