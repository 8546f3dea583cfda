package import ProtobufC

/// Makes something of the code behind a method. How a server gets at the types of a method without
/// the definition knowing servers, so that clients link none.
package protocol MethodVisitor {
  associatedtype Result

  func unary(
    _ serve: @escaping @Sendable (UnaryCall) async throws -> UnaryCall.Finished
  ) -> Result

  func serverStreaming<Request: Message, Response: Message>(
    _ body:
      @escaping @Sendable (Request, ResponseWriter<Response>, CallContext) async throws ->
      Void
  ) -> Result

  func clientStreaming<Request: Message, Response: Message>(
    _ body: @escaping @Sendable (RequestStream<Request>, CallContext) async throws -> Response
  ) -> Result

  func bidirectional<Request: Message, Response: Message>(
    _ body:
      @escaping @Sendable (
        RequestStream<Request>, ResponseWriter<Response>, CallContext
      ) async throws -> Void
  ) -> Result
}

/// The code behind a method, its types hidden.
protocol MethodCode: Sendable {
  func accept<Visitor: MethodVisitor>(_ visitor: Visitor) -> Visitor.Result
}

struct UnaryCode: MethodCode {
  let serve: @Sendable (UnaryCall) async throws -> UnaryCall.Finished

  func accept<Visitor: MethodVisitor>(_ visitor: Visitor) -> Visitor.Result {
    visitor.unary(serve)
  }
}

struct ServerStreamingCode<Request: Message, Response: Message>: MethodCode {
  let body: @Sendable (Request, ResponseWriter<Response>, CallContext) async throws -> Void

  func accept<Visitor: MethodVisitor>(_ visitor: Visitor) -> Visitor.Result {
    visitor.serverStreaming(body)
  }
}

struct ClientStreamingCode<Request: Message, Response: Message>: MethodCode {
  let body: @Sendable (RequestStream<Request>, CallContext) async throws -> Response

  func accept<Visitor: MethodVisitor>(_ visitor: Visitor) -> Visitor.Result {
    visitor.clientStreaming(body)
  }
}

struct BidirectionalCode<Request: Message, Response: Message>: MethodCode {
  let body:
    @Sendable (RequestStream<Request>, ResponseWriter<Response>, CallContext) async throws -> Void

  func accept<Visitor: MethodVisitor>(_ visitor: Visitor) -> Visitor.Result {
    visitor.bidirectional(body)
  }
}
