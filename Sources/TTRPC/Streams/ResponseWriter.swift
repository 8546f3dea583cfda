package import ProtobufC
package import Reactor

/// The connection of a call as its ``ResponseWriter`` sees it.
package protocol ResponseSink: AnyObject, Sendable {
  /// Where the connection lives.
  var loop: EventLoop { get }
  /// Sends one message of a stream of responses; on the loop only.
  /// - Returns: what to wait for when the client is slow.
  /// - Throws: when the call is over, or the message too long.
  func write(_ message: some Message, _ stream: UInt32) throws(RPCError) -> Completion<Void>?
}

/// Where a method sends the messages of a streamed response.
package struct ResponseWriter<Response: Message>: Sendable {
  private let sink: any ResponseSink
  private let stream: UInt32

  package init(_ sink: any ResponseSink, stream: UInt32) {
    self.sink = sink
    self.stream = stream
  }

  /// Sends a message. Returns when it is on its way and waits as long as the client is slow, so
  /// that a method never runs far ahead of its reader.
  /// - Throws: CANCELLED when the call is over (the client is gone, its deadline has passed),
  ///   RESOURCE_EXHAUSTED for a message of more than 4 MiB.
  package func write(_ message: Response) async throws(RPCError) {
    let drained: Completion<Void>?
    if sink.loop.isCurrent {
      drained = try sink.write(message, stream)
    } else {
      drained = try await sink.loop.run { () throws(RPCError) in
        try sink.write(message, stream)
      }
    }
    guard let drained else { return }
    do {
      try await drained.value()
    } catch {
      throw error as? RPCError ?? RPCError(.cancelled, "the call was cancelled")
    }
  }
}
