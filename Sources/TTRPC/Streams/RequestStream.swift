package import ProtobufC

/// The requests of a call whose client streams, in the order they were sent. Ends when the client
/// has finished.
///
/// What the method does not consume stays with the client: a full queue stops the reading of the
/// whole connection, and a queue that stands still for a moment ends the call
/// with RESOURCE_EXHAUSTED.
package struct RequestStream<Request: Message>: AsyncSequence, Sendable {
  private let queue: MessageQueue<Request>

  /// Consumes `queue`, which a server fills, or a test.
  package init(_ queue: MessageQueue<Request>) {
    self.queue = queue
  }

  package struct AsyncIterator: AsyncIteratorProtocol {
    let queue: MessageQueue<Request>

    /// - Throws: INVALID_ARGUMENT for a message that cannot be decoded, CANCELLED when the client
    ///   is gone, DEADLINE_EXCEEDED.
    package mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(RPCError) -> Request? {
      try await queue.next()
    }

    package mutating func next() async throws(RPCError) -> Request? {
      try await queue.next()
    }
  }

  package func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(queue: queue)
  }
}
