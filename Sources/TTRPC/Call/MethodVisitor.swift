package import ProtobufC

/// Makes something of the code behind a method. How a server gets at the types of a method without
/// the definition knowing servers, so that clients link none.
package protocol MethodVisitor {
  associatedtype Result

  func unary<Request: Message, Response: Message>(
    _ body: @escaping @Sendable (Request, CallContext) async throws -> Response
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

struct UnaryCode<Request: Message, Response: Message>: MethodCode {
  let body: @Sendable (Request, CallContext) async throws -> Response

  func accept<Visitor: MethodVisitor>(_ visitor: Visitor) -> Visitor.Result {
    visitor.unary(body)
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
