internal import ProtobufC
internal import TTRPC

/// Starts a method with streams: decodes the first message in place and runs the code behind the
/// method on the loop of the connection.
protocol StreamingHandler: AnyObject, Sendable {
  /// Called on the loop. Answers through `connection`, now or later, exactly once.
  /// - Parameter payload: of the Request frame; valid during the call only.
  func start(
    _ opening: borrowing CallOpening, _ payload: Span<UInt8>, on connection: ServerConnection)
}

final class ServerStreamingHandler<Request: Message, Response: Message>: StreamingHandler {
  let body: @Sendable (Request, ResponseWriter<Response>, CallContext) async throws -> Void

  init(
    body: @escaping @Sendable (Request, ResponseWriter<Response>, CallContext) async throws -> Void
  ) {
    self.body = body
  }

  func start(
    _ opening: borrowing CallOpening, _ payload: Span<UInt8>, on connection: ServerConnection
  ) {
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

final class ClientStreamingHandler<Request: Message, Response: Message>: StreamingHandler {
  let body: @Sendable (RequestStream<Request>, CallContext) async throws -> Response

  init(body: @escaping @Sendable (RequestStream<Request>, CallContext) async throws -> Response) {
    self.body = body
  }

  func start(
    _ opening: borrowing CallOpening, _ payload: Span<UInt8>, on connection: ServerConnection
  ) {
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

final class BidirectionalHandler<Request: Message, Response: Message>: StreamingHandler {
  let body:
    @Sendable (RequestStream<Request>, ResponseWriter<Response>, CallContext) async throws -> Void

  init(
    body:
      @escaping @Sendable (RequestStream<Request>, ResponseWriter<Response>, CallContext)
      async throws -> Void
  ) {
    self.body = body
  }

  func start(
    _ opening: borrowing CallOpening, _ payload: Span<UInt8>, on connection: ServerConnection
  ) {
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
