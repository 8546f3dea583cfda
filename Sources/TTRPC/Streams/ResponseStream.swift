public import ProtobufC

/// The responses of a call whose server streams, in the order they were sent. One task consumes it.
///
/// What is not consumed stays with the server: its writes wait. Letting go of the stream before its
/// end cancels the call.
public struct ResponseStream<Response: Message>: AsyncSequence, Sendable {
  let queue: MessageQueue<Response>
  let lease: CallLease

  /// Takes responses one after the other.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let queue: MessageQueue<Response>
    let lease: CallLease

    /// The next response, or nil when the server has sent its last one.
    /// - Throws: the server's status, UNAVAILABLE when the connection is lost, DEADLINE_EXCEEDED,
    ///   CANCELLED.
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(RPCError) -> Response? {
      try await queue.next()
    }

    /// The next response, or nil when the server has sent its last one.
    /// - Throws: as ``next(isolation:)``.
    public mutating func next() async throws(RPCError) -> Response? {
      try await queue.next()
    }
  }

  /// Starts consuming where the last consumer stopped.
  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(queue: queue, lease: lease)
  }
}

/// Ends a call when the last of those who could take its responses is gone.
final class CallLease: Sendable {
  private let cancel: @Sendable () -> Void

  init(cancel: @escaping @Sendable () -> Void) {
    self.cancel = cancel
  }

  deinit { cancel() }
}
