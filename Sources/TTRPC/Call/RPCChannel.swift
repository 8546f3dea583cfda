public import ProtobufC

/// Something calls can be made on: what generated clients stand on.
public protocol RPCChannel: Sendable {
  /// One request, one response.
  func unary<Request: Message, Response: Message>(
    _ method: MethodName, _ request: Request, _ options: CallOptions
  ) async throws(RPCError) -> Response

  /// One request, a stream of responses. Returns when the request is on its way.
  func serverStreaming<Request: Message, Response: Message>(
    _ method: MethodName, _ request: Request, _ options: CallOptions
  ) async throws(RPCError) -> ResponseStream<Response>

  /// A stream of requests, one response.
  func clientStreaming<Request: Message, Response: Message>(
    _ method: MethodName, _ options: CallOptions
  ) async throws(RPCError) -> ClientStreamingCall<Request, Response>

  /// A stream both ways.
  func bidirectional<Request: Message, Response: Message>(
    _ method: MethodName, _ options: CallOptions
  ) async throws(RPCError) -> BidirectionalCall<Request, Response>
}

/// An open call whose requests are a stream and whose response is one message.
public struct ClientStreamingCall<Request: Message, Response: Message>: Sendable {
  /// Where the requests go. Finish it, or the server waits on.
  public let requests: RequestWriter<Request>
  let responses: ResponseStream<Response>

  /// Waits for the response, which comes after ``RequestWriter/finish()``.
  /// - Throws: the server's status, or UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED.
  public func response() async throws(RPCError) -> Response {
    var iterator = responses.makeAsyncIterator()
    guard let response = try await iterator.next(isolation: nil) else {
      throw RPCError(.internal, "the server ended the call without a response")
    }
    return response
  }
}

/// An open call with a stream both ways.
public struct BidirectionalCall<Request: Message, Response: Message>: Sendable {
  /// Where the requests go.
  public let requests: RequestWriter<Request>
  /// Where the responses come from.
  public let responses: ResponseStream<Response>
}
