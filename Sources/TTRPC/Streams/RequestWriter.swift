public import ProtobufC
internal import Reactor

/// Where a client sends the messages of a streamed request.
public struct RequestWriter<Request: Message>: Sendable {
  let stream: ClientStream

  /// Sends a message. Returns when it is on its way and waits as long as the server is slow.
  /// - Throws: the reason the call has ended, INVALID_ARGUMENT for text that cannot travel,
  ///   RESOURCE_EXHAUSTED for a message of more than 4 MiB, FAILED_PRECONDITION after ``finish()``.
  public func write(_ message: Request) async throws(RPCError) {
    let data: [UInt8]
    do throws(MessageError) {
      data = try message.serialized()
    } catch {
      throw RPCError(.invalidArgument, error.summary, details: [.badRequest(error.violations)])
    }
    guard data.count <= FrameHeader.maxDataLength else {
      throw RPCError(.resourceExhausted, "the message has \(data.count) bytes")
    }
    let stream = stream
    let drained = try await stream.core.loop.run { () throws(RPCError) in
      try stream.write(data)
    }
    guard let drained else { return }
    do {
      try await drained.value()
    } catch {
      throw error as? RPCError ?? RPCError(.cancelled, "the call was cancelled")
    }
  }

  /// Tells the server that there are no more messages. Twice is not an error.
  public func finish() async {
    let stream = stream
    await stream.core.loop.run { stream.finishWriting() }
  }
}
