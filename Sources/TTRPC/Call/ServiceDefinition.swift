package import ProtobufC

/// A service and the code behind its methods: what generated protocols turn an implementation into
/// and what ``Server`` serves.
package struct ServiceDefinition: Sendable {
  /// Full name, as in `integration.v1.TenantService`.
  package let name: String
  /// Its methods, in the order of the proto file.
  package let methods: [MethodDefinition]

  package init(name: String, methods: [MethodDefinition]) {
    self.name = name
    self.methods = methods
  }
}

/// Which sides of a method are streams.
package enum MethodKind: String, Sendable, CaseIterable {
  case unary, serverStreaming, clientStreaming, bidirectional

  package var clientStreams: Bool { self == .clientStreaming || self == .bidirectional }
  package var serverStreams: Bool { self == .serverStreaming || self == .bidirectional }
}

/// A method, its messages and the code behind it.
package struct MethodDefinition: Sendable {
  /// As in `CreateTenant`.
  package let name: String
  /// Which sides are streams.
  package let kind: MethodKind
  /// The request message.
  package let request: MessageDescriptor
  /// The response message.
  package let response: MessageDescriptor
  private let code: any MethodCode

  /// One request, one response. `serve` reads the request, answers, and is written where both types
  /// are known: generic code around a call costs more than the call.
  package static func unary<Request: Message, Response: Message>(
    _ name: String, _: Request.Type, _: Response.Type,
    _ serve: @escaping @Sendable (UnaryCall) async throws -> UnaryCall.Finished
  ) -> MethodDefinition {
    MethodDefinition(
      name, .unary, Request.descriptor, Response.descriptor, UnaryCode(serve: serve))
  }

  /// One request, a stream of responses. The stream ends when `body` returns.
  package static func serverStreaming<Request: Message, Response: Message>(
    _ name: String, _: Request.Type = Request.self, _: Response.Type = Response.self,
    _ body:
      @escaping @Sendable (Request, ResponseWriter<Response>, CallContext) async throws ->
      Void
  ) -> MethodDefinition {
    MethodDefinition(
      name, .serverStreaming, Request.descriptor, Response.descriptor,
      ServerStreamingCode(body: body))
  }

  /// A stream of requests, one response.
  package static func clientStreaming<Request: Message, Response: Message>(
    _ name: String, _: Request.Type = Request.self, _: Response.Type = Response.self,
    _ body: @escaping @Sendable (RequestStream<Request>, CallContext) async throws -> Response
  ) -> MethodDefinition {
    MethodDefinition(
      name, .clientStreaming, Request.descriptor, Response.descriptor,
      ClientStreamingCode(body: body))
  }

  /// A stream both ways. The stream of responses ends when `body` returns.
  package static func bidirectional<Request: Message, Response: Message>(
    _ name: String, _: Request.Type = Request.self, _: Response.Type = Response.self,
    _ body:
      @escaping @Sendable (
        RequestStream<Request>, ResponseWriter<Response>, CallContext
      ) async throws -> Void
  ) -> MethodDefinition {
    MethodDefinition(
      name, .bidirectional, Request.descriptor, Response.descriptor,
      BidirectionalCode(body: body))
  }

  private init(
    _ name: String, _ kind: MethodKind, _ request: MessageDescriptor,
    _ response: MessageDescriptor, _ code: any MethodCode
  ) {
    self.name = name
    self.kind = kind
    self.request = request
    self.response = response
    self.code = code
  }

  /// Shows the code behind the method, with its types, to `visitor`.
  package func accept<Visitor: MethodVisitor>(_ visitor: Visitor) -> Visitor.Result {
    code.accept(visitor)
  }
}
