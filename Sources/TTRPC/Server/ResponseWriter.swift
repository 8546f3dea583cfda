package import ProtobufC
internal import Reactor

/// Where a method sends the messages of a streamed response.
package struct ResponseWriter<Response: Message>: Sendable {
  let connection: ServerConnection
  let id: UInt32

  /// Sends a message. Returns when it is on its way and waits as long as the client is slow, so
  /// that a method never runs ahead of its reader by more than
  /// ``ServerLimits/streamOutboundMark``.
  /// - Throws: CANCELLED when the call is over (the client is gone, its deadline has passed),
  ///   RESOURCE_EXHAUSTED for a message of more than 4 MiB.
  package func write(_ message: Response) async throws(RPCError) {
    let drained: Completion<Void>?
    if connection.loop.isCurrent {
      drained = try connection.write(message, id)
    } else {
      drained = try await connection.loop.run { () throws(RPCError) in
        try connection.write(message, id)
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
