package import ProtobufC
package import Reactor

/// Calls to one server over its Unix socket.
///
/// Connects when the first call needs it and again when a connection was lost. Unary calls share
/// one connection; a stream has one of its own. A call that was sent is never sent again: when its
/// connection is lost it fails with UNAVAILABLE, and whether to retry is the caller's decision.
package final class ClientChannel: RPCChannel {
  /// One loop for the channels of a process that bring none.
  private static let shared: Result<EventLoop, SystemError> = Result { () throws(SystemError) in
    try EventLoop(name: "ttrpc-client")
  }

  /// Nil when there is no loop; see ``failure``.
  private let core: ClientCore?
  private let failure: RPCError?
  private let configuration: ClientConfiguration

  /// Makes a channel. Nothing is connected yet.
  /// - Parameter loop: does the work, and has to outlive the channel's calls; by default one that all
  ///   channels of the process share.
  package init(_ configuration: ClientConfiguration, on loop: EventLoop? = nil) {
    self.configuration = configuration
    switch loop.map({ .success($0) }) ?? Self.shared {
    case .success(let loop):
      core = ClientCore(configuration, loop)
      failure = nil
    case .failure(let error):
      core = nil
      failure = RPCError(.internal, "the client's event loop cannot be started: \(error)")
    }
  }

  /// The loop that reads the answers; nil when it could not be started.
  package var executor: (any TaskExecutor)? { core?.loop }

  deinit {
    if let core { core.loop.submit { core.close() } }
  }

  /// Ends every call with CANCELLED and closes the connections. Later calls fail as well. Twice is
  /// not an error.
  package func close() async {
    guard let core else { return }
    await core.loop.run { core.close() }
  }

  package func unary<Request: Message, Response: Message>(
    _ method: MethodName, _ request: Request, _ options: CallOptions
  ) async throws(RPCError) -> Response {
    guard let core else { throw unusable }
    let timeout = options.timeout ?? configuration.defaultTimeout
    guard timeout > .zero else { throw .timedOut }
    guard !Task.isCancelled else { throw .cancelledUnsent }
    let call = UnaryClientCall(
      data: try RequestFrame.data(method, request, options.metadata),
      flags: [], deadline: Deadline(after: timeout),
      whenUnreachable: options.whenUnreachable)
    if core.loop.isCurrent {
      core.start(call)
    } else if !core.loop.submit({ core.start(call) }) {
      throw .clientClosed
    }
    let answer = await call.answer(giveUp: {
      // Without a loop nobody else can end it any more.
      if !core.loop.submit({ core.giveUp(call) }) { call.fail(.clientClosed) }
    })
    let payload = try answer.get()
    return try Reply.decode(Response.self, payload.span)
  }

  package func serverStreaming<Request: Message, Response: Message>(
    _ method: MethodName, _ request: Request, _ options: CallOptions
  ) async throws(RPCError) -> ResponseStream<Response> {
    guard let core else { throw unusable }
    let stream = ClientStream(core)
    return try await open(
      stream, try RequestFrame.data(method, request, options.metadata), options,
      flags: .remoteClosed, serverStreams: true)
  }

  package func clientStreaming<Request: Message, Response: Message>(
    _ method: MethodName, _ options: CallOptions
  ) async throws(RPCError) -> ClientStreamingCall<Request, Response> {
    guard let core else { throw unusable }
    let stream = ClientStream(core)
    let responses: ResponseStream<Response> = try await open(
      stream, try RequestFrame.data(method, options.metadata), options,
      flags: [.remoteOpen, .noData],
      serverStreams: false)
    return ClientStreamingCall(requests: RequestWriter(stream: stream), responses: responses)
  }

  package func bidirectional<Request: Message, Response: Message>(
    _ method: MethodName, _ options: CallOptions
  ) async throws(RPCError) -> BidirectionalCall<Request, Response> {
    guard let core else { throw unusable }
    let stream = ClientStream(core)
    let responses: ResponseStream<Response> = try await open(
      stream, try RequestFrame.data(method, options.metadata), options,
      flags: [.remoteOpen, .noData],
      serverStreams: true)
    return BidirectionalCall(requests: RequestWriter(stream: stream), responses: responses)
  }

  private var unusable: RPCError { failure ?? .clientClosed }

  private func open<Response: Message>(
    _ stream: ClientStream, _ data: [UInt8], _ options: CallOptions, flags: FrameFlags,
    serverStreams: Bool
  ) async throws(RPCError) -> ResponseStream<Response> {
    let timeout = options.timeout
    if let timeout, timeout <= .zero { throw .timedOut }
    let loop = stream.core.loop
    let bound = MessageQueue<Response>.Bound(
      messages: configuration.maxQueuedMessages, bytes: configuration.maxQueuedBytes)
    let queue = MessageQueue<Response>(bound: bound) { loop.submit { stream.readOn() } }
    let call = StreamClientCall(
      data: data, flags: flags, deadline: timeout.map { Deadline(after: $0) } ?? .never,
      whenUnreachable: options.whenUnreachable, queue: queue, serverStreams: serverStreams)
    try await loop.run { () async throws(RPCError) in try await stream.open(call) }
    let lease = CallLease {
      loop.submit { stream.end(RPCError(.cancelled, "the stream was let go")) }
    }
    return ResponseStream(queue: queue, lease: lease)
  }
}
