internal import ProtobufC
internal import Reactor
internal import TTRPC

/// From a frame to a running handler.
extension ServerConnection {
  /// Acts on a whole frame.
  func receive(_ header: FrameHeader, _ body: Span<UInt8>) {
    progress.frameEnded()
    if !FrameFlags.known.contains(header.flags) {
      countViolation("unknown flags")
      guard isServing else { return }
    }
    switch header.type {
    case .request: receiveRequest(header, body)
    case .data: receiveData(header, body)
    default:
      // Ignored for the sake of future versions, as the reference implementations do.
      countViolation("frame of type \(header.type.rawValue)")
    }
  }

  private func receiveRequest(_ header: FrameHeader, _ body: Span<UInt8>) {
    guard accepts(header.streamID) else { return }
    open(header, body)
    finishIfExhausted()
  }

  private func open(_ header: FrameHeader, _ body: Span<UInt8>) {
    let id = header.streamID
    let envelope: RequestEnvelope
    let metadata: Metadata
    do throws(RequestEnvelope.Malformed) {
      envelope = try RequestEnvelope(body, in: 0..<body.count)
      metadata = try envelope.metadata(
        body, maxEntries: limits.maxMetadataEntries, maxBytes: limits.maxMetadataBytes)
    } catch {
      answer(id, RPCError(.invalidArgument, error.message), isOpen: header.isOpen)
      return
    }
    switch shard.server.methods.find(
      body.extracting(envelope.service), body.extracting(envelope.method))
    {
    case .method(let method):
      start(method, header, envelope, metadata, body.extracting(envelope.payload))
    case .unknownService:
      answer(id, RPCError(.unimplemented, "unknown service"), isOpen: header.isOpen)
    case .unknownMethod:
      answer(id, RPCError(.unimplemented, "unknown method"), isOpen: header.isOpen)
    }
  }

  /// Judges the id of a Request frame; a bad one is answered on that id.
  func accepts(_ id: UInt32) -> Bool {
    switch streams.receiveRequest(id) {
    case .accepted: return true
    case .evenID:
      violate(id, "stream ids of clients are odd", live: nil)
    case .notIncreasing(let live):
      violate(id, "stream ids must increase and \(streams.lastID) was used", live: live)
    }
    return false
  }

  /// After the last id no further call can come (S3).
  func finishIfExhausted() {
    guard streams.isExhausted else { return }
    log("closing: the client has used every stream id")
    finish(within: limits.maxUnaryTime)
  }

  private func start(
    _ method: MethodTable.Entry, _ header: FrameHeader, _ envelope: RequestEnvelope,
    _ metadata: Metadata, _ payload: Span<UInt8>
  ) {
    let id = header.streamID
    if let error = refusalOf(method, envelope) {
      answer(id, error, isOpen: method.kind.clientStreams && header.isOpen)
      return
    }
    let context = CallContext(
      method: method.name, caller: caller, metadata: metadata,
      deadline: deadline(of: method, envelope.timeoutNanoseconds), loop: loop)
    let opening = CallOpening(id: id, method: method, context: context, flags: header.flags)
    if method.kind != .unary {
      runQueued()
      begin(opening)
    }
    method.handler.start(opening, payload, on: self)
  }

  /// Why a call is not even started, if it is not.
  private func refusalOf(_ method: MethodTable.Entry, _ envelope: RequestEnvelope) -> RPCError? {
    if let refusal { return refusal }
    if phase == .draining {
      return RPCError(
        .unavailable, "the server is shutting down and did not start this call",
        details: [.errorInfo(reason: "SHUTTING_DOWN")])
    }
    if envelope.timeoutNanoseconds < 0 {
      return RPCError(.deadlineExceeded, "the time allowed for the call was over before it began")
    }
    if method.kind != .unary, streams.streaming >= limits.maxOpenStreams {
      return RPCError(
        .resourceExhausted, "too many open streams on this connection",
        details: [
          .quotaFailure([
            QuotaViolation(
              subject: "connection", description: "\(limits.maxOpenStreams) open streams")
          ])
        ])
    }
    do throws(RPCError) {
      try shard.server.authorize(CallInfo(method: method.name, caller: caller))
    } catch {
      return error
    }
    return nil
  }

  private func deadline(of method: MethodTable.Entry, _ timeoutNanoseconds: Int64) -> Deadline {
    let most = shard.server.maxNanoseconds(method.kind)
    let time = timeoutNanoseconds == 0 ? most : min(timeoutNanoseconds, most)
    guard time != .max else { return .never }
    let (sum, overflows) = loop.now.nanoseconds.addingReportingOverflow(time)
    return overflows ? .never : Deadline(at: MonotonicInstant(nanoseconds: sum))
  }

  /// Decodes a request in place. Nil, and answered, when it cannot be.
  func decode<Request: Message>(
    _: Request.Type, _ payload: Span<UInt8>, for opening: CallOpening
  ) -> Request? {
    do {
      return try Request(serialized: payload, limits: .request)
    } catch {
      let error = RPCError(undecodable: error)
      if starting == nil {
        answer(opening.id, error, isOpen: false)
      } else {
        finish(opening.id, with: error)
      }
      return nil
    }
  }

  /// Starts a unary call at the end of this read, or before.
  func queue(_ opening: CallOpening, _ body: @escaping @Sendable () async -> Void) {
    queued.append(QueuedCall(opening: opening, body: body), storage: &shard.spareQueue)
  }

  /// Runs what is queued. One task runs all the calls that do not suspend, because a task of its own
  /// costs a call more than everything else together; a call that does suspend keeps the task it is
  /// in, and the next one gets a new task.
  func runQueued() {
    while mayRunQueued {
      let number = runner
      let task = loop.start {
        while let call = self.nextQueued(for: number) { await call.body() }
      }
      guard let starting else { continue }
      runner += 1
      suspended(starting, task, inbound: nil)
    }
  }

  private func nextQueued(for number: Int) -> QueuedCall? {
    guard number == runner, mayRunQueued,
      let call = queued.popFirst(storage: &shard.spareQueue)
    else { return nil }
    begin(call.opening)
    return call
  }

  /// Runs a streaming handler.
  func run(
    _ opening: CallOpening, inbound: (any InboundMessages)?,
    _ body: @escaping @Sendable () async -> Void
  ) {
    let task = loop.start(body)
    if let starting { suspended(starting, task, inbound: inbound) }
  }

  private func begin(_ opening: CallOpening) {
    starting = opening
    shard.callStarted()
  }

  /// Enters a call whose handler has suspended; most never do, and are never entered.
  private func suspended(
    _ opening: CallOpening, _ task: Task<Void, Never>, inbound: (any InboundMessages)?
  ) {
    starting = nil
    let call = RunningCall(
      task: task, deadline: opening.context.deadline, method: opening.method, inbound: inbound)
    if opening.method.kind == .unary {
      streams.insert(opening.id, .unary(call))
    } else {
      streams.insert(opening.id, opening.isOpen ? .receiving(call) : .replying(call))
    }
    watchDeadline(call.deadline)
    if phase == .closed { cancelEverything() }
  }

  private func receiveData(_ header: FrameHeader, _ body: Span<UInt8>) {
    let id = header.streamID
    let ends = header.flags.contains(.remoteClosed)
    switch streams.receiveData(id, ends: ends) {
    case .deliver(let call, let ends):
      if !header.flags.contains(.noData) { deliver(body, to: call, id) }
      if ends { call.inbound?.finish() }
    case .drop:
      break
    case .violation(let reason, let live):
      violate(id, reason, live: live)
    }
  }

  private func deliver(_ body: Span<UInt8>, to call: RunningCall, _ id: UInt32) {
    guard let inbound = call.inbound else { return }
    do {
      if try inbound.receive(body) {
        fullStream = id
        watchStall(of: inbound, id)
      }
    } catch {
      abort(id, RPCError(undecodable: error))
    }
  }

  /// Fails a stream whose handler takes nothing for too long: it holds up the whole connection.
  private func watchStall(of inbound: any InboundMessages, _ id: UInt32) {
    let taken = inbound.takenCount
    _ = loop.schedule(after: limits.streamStall) { [weak self] in
      guard let self, self.fullStream == id, inbound.isFull else { return }
      guard inbound.takenCount == taken else {
        self.watchStall(of: inbound, id)
        return
      }
      self.abort(
        id,
        RPCError(
          .resourceExhausted, "the method takes no messages from the stream",
          details: [
            .quotaFailure([
              QuotaViolation(
                subject: "stream",
                description: "\(self.limits.maxQueuedMessages) messages waiting")
            ])
          ]))
      self.readOn()
    }
  }
}

extension FrameHeader {
  /// Whether the sender of this Request goes on sending.
  var isOpen: Bool { flags.contains(.remoteOpen) }
}

extension RPCError {
  /// For a payload that is not the message it should be.
  init(undecodable error: MessageError) {
    self.init(
      .invalidArgument, error.summary, details: [.badRequest(error.violations)])
  }
}
