package import ProtobufC

/// The connection of a unary call as the code behind its method sees it.
package protocol UnarySink: AnyObject, Sendable {
  /// Lends the bytes of a request; only until its call first suspends.
  func withPayload<R>(
    _ payload: Range<Int>, _ body: (Span<UInt8>) throws(MessageError) -> R
  ) throws(MessageError) -> R
  /// Ends a call with the frame that `append` puts behind the output. From any thread.
  func finish(_ stream: UInt32, _ append: (inout [UInt8]) throws(FrameWriter.Refusal) -> Void)
}

/// A unary call at its start: what generated code makes a request of and answers with a response.
package struct UnaryCall: Sendable {
  /// What the method may know about the call besides its request.
  package let context: CallContext
  /// Which of the connection's.
  package let stream: UInt32
  /// Where the request stands in the bytes that have arrived.
  package let payload: Range<Int>
  private let sink: any UnarySink

  /// That a call was answered.
  package struct Finished: Sendable {
    fileprivate init() {}
  }

  package init(context: CallContext, stream: UInt32, payload: Range<Int>, sink: any UnarySink) {
    self.context = context
    self.stream = stream
    self.payload = payload
    self.sink = sink
  }

  /// Decodes the request where it lies. Only before anything is waited for.
  /// - Throws: INVALID_ARGUMENT naming the field that is not as the format or its type wants it.
  package func request<Request: Message>(_: Request.Type = Request.self) throws(RPCError) -> Request
  {
    do throws(MessageError) {
      return try sink.withPayload(payload) { bytes throws(MessageError) in
        try Request(serialized: bytes, limits: .request)
      }
    } catch {
      throw RPCError(undecodable: error)
    }
  }

  /// Answers the call.
  package func finish(with response: some Message) -> Finished {
    sink.finish(stream) { output throws(FrameWriter.Refusal) in
      try FrameWriter.appendResponse(response, stream: stream, to: &output)
    }
    return Finished()
  }
}
