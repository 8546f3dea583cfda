internal import ProtobufC
internal import TTRPC

/// Makes what serves a method of the code behind it.
struct CodeMaker: MethodVisitor {
  func unary(
    _ serve: @escaping @Sendable (UnaryCall) async throws -> UnaryCall.Finished
  ) -> MethodTable.Code {
    .unary(serve)
  }

  func serverStreaming<Request: Message, Response: Message>(
    _ body:
      @escaping @Sendable (Request, ResponseWriter<Response>, CallContext) async throws ->
      Void
  ) -> MethodTable.Code {
    .streaming(ServerStreamingHandler(body: body))
  }

  func clientStreaming<Request: Message, Response: Message>(
    _ body: @escaping @Sendable (RequestStream<Request>, CallContext) async throws -> Response
  ) -> MethodTable.Code {
    .streaming(ClientStreamingHandler(body: body))
  }

  func bidirectional<Request: Message, Response: Message>(
    _ body:
      @escaping @Sendable (
        RequestStream<Request>, ResponseWriter<Response>, CallContext
      ) async throws -> Void
  ) -> MethodTable.Code {
    .streaming(BidirectionalHandler(body: body))
  }
}
