internal import ProtobufC
internal import TTRPC

/// Starts a method: decodes the request in place and runs the code behind the method on the loop of
/// the connection.
protocol MethodHandler: Sendable {
  /// Called on the loop. Answers through `connection`, now or later, exactly once.
  /// - Parameter payload: of the Request frame; valid during the call only.
  func start(_ opening: CallOpening, _ payload: Span<UInt8>, on connection: ServerConnection)
}

/// What a handler is told about a new call besides its payload.
struct CallOpening {
  let id: UInt32
  let method: MethodTable.Entry
  let context: CallContext
  /// What the Request frame said about more to come.
  let flags: FrameFlags

  /// The client may go on sending on the stream.
  var isOpen: Bool { method.kind.clientStreams && flags.contains(.remoteOpen) }
}

/// Makes the handler of a method.
struct HandlerMaker: MethodVisitor {
  func unary<Request: Message, Response: Message>(
    _ body: @escaping @Sendable (Request, CallContext) async throws -> Response
  ) -> any MethodHandler {
    UnaryHandler(body: body)
  }

  func serverStreaming<Request: Message, Response: Message>(
    _ body:
      @escaping @Sendable (Request, ResponseWriter<Response>, CallContext) async throws ->
      Void
  ) -> any MethodHandler {
    ServerStreamingHandler(body: body)
  }

  func clientStreaming<Request: Message, Response: Message>(
    _ body: @escaping @Sendable (RequestStream<Request>, CallContext) async throws -> Response
  ) -> any MethodHandler {
    ClientStreamingHandler(body: body)
  }

  func bidirectional<Request: Message, Response: Message>(
    _ body:
      @escaping @Sendable (
        RequestStream<Request>, ResponseWriter<Response>, CallContext
      ) async throws -> Void
  ) -> any MethodHandler {
    BidirectionalHandler(body: body)
  }
}

struct UnaryHandler<Request: Message, Response: Message>: MethodHandler {
  let body: @Sendable (Request, CallContext) async throws -> Response

  func start(_ opening: CallOpening, _ payload: Span<UInt8>, on connection: ServerConnection) {
    guard let request = connection.decode(Request.self, payload, for: opening) else { return }
    let id = opening.id
    let context = opening.context
    connection.queue(opening) { [body] in
      do {
        connection.finish(id, with: try await body(request, context))
      } catch {
        connection.fail(id, error, context)
      }
    }
  }
}

struct ServerStreamingHandler<Request: Message, Response: Message>: MethodHandler {
  let body: @Sendable (Request, ResponseWriter<Response>, CallContext) async throws -> Void

  func start(_ opening: CallOpening, _ payload: Span<UInt8>, on connection: ServerConnection) {
    guard let request = connection.decode(Request.self, payload, for: opening) else { return }
    let id = opening.id
    let context = opening.context
    let responses = ResponseWriter<Response>(connection, stream: id)
    connection.run(opening, inbound: nil) { [body] in
      do {
        try await body(request, responses, context)
        connection.finishStream(id)
      } catch {
        connection.fail(id, error, context)
      }
    }
  }
}

struct ClientStreamingHandler<Request: Message, Response: Message>: MethodHandler {
  let body: @Sendable (RequestStream<Request>, CallContext) async throws -> Response

  func start(_ opening: CallOpening, _ payload: Span<UInt8>, on connection: ServerConnection) {
    guard
      let inbound = InboundQueue<Request>.open(opening, payload, on: connection)
    else { return }
    let id = opening.id
    let context = opening.context
    let requests = RequestStream(inbound.queue)
    connection.run(opening, inbound: inbound) { [body] in
      do {
        connection.finish(id, with: try await body(requests, context))
      } catch {
        connection.fail(id, error, context)
      }
    }
  }
}

struct BidirectionalHandler<Request: Message, Response: Message>: MethodHandler {
  let body:
    @Sendable (RequestStream<Request>, ResponseWriter<Response>, CallContext) async throws -> Void

  func start(_ opening: CallOpening, _ payload: Span<UInt8>, on connection: ServerConnection) {
    guard
      let inbound = InboundQueue<Request>.open(opening, payload, on: connection)
    else { return }
    let id = opening.id
    let context = opening.context
    let requests = RequestStream(inbound.queue)
    let responses = ResponseWriter<Response>(connection, stream: id)
    connection.run(opening, inbound: inbound) { [body] in
      do {
        try await body(requests, responses, context)
        connection.finishStream(id)
      } catch {
        connection.fail(id, error, context)
      }
    }
  }
}
