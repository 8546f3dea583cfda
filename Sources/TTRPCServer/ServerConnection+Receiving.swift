internal import ProtobufC
internal import Reactor
internal import TTRPC

/// From a frame to a running handler.
extension ServerConnection {
  /// Acts on what has arrived up to the next call that is to be started. Nil when there is none, or
  /// it may not be started now. Whoever gets a call starts it, before anything else.
  func nextCall(in bytes: Span<UInt8>) -> CallOpening? {
    while mayRead {
      var offset = position
      var decoder = decoder
      let step = decoder.next(in: bytes, at: &offset)
      self.decoder = decoder
      switch step {
      case .frame(let header, let body):
        guard hasRoom(for: header) else { return nil }
        position = offset
        if let opening = receive(header, bytes, body) { return opening }
      case .oversized(let header):
        skip(header)
        refuseOversized(header)
      case .skipped:
        position = offset
        progress.frameEnded()
      case .reservedByte:
        log("closing: the reserved first byte of a frame is not zero")
        finish(within: .zero)
        return nil
      case .incomplete:
        position = offset
        return nil
      }
    }
    return nil
  }

  /// Throws away what has arrived, and what will arrive, of a frame.
  func skip(_ header: FrameHeader) {
    var (decoder, offset) = (decoder, position)
    decoder.skip(header, at: &offset)
    (self.decoder, position) = (decoder, offset)
  }

  /// Acts on a whole frame. The call that it opens is returned.
  private func receive(
    _ header: FrameHeader, _ bytes: Span<UInt8>, _ body: Range<Int>
  ) -> CallOpening? {
    progress.frameEnded()
    if header.hasUnknownFlags {
      countViolation("unknown flags")
      guard isServing else { return nil }
    }
    switch header.type.rawValue {
    case FrameType.request.rawValue:
      guard accepts(header.streamID) else { return nil }
      let opening = open(header, bytes, body)
      if header.streamID == .max { finishIfExhausted() }
      return opening
    case FrameType.data.rawValue: receiveData(header, bytes.extracting(body))
    default:
      // Ignored for the sake of future versions, as the reference implementations do.
      countViolation("frame of type \(header.type.rawValue)")
    }
    return nil
  }

  /// The call that a Request frame asks for; it counts as started. Nil, and answered, when it is not
  /// to be had.
  private func open(
    _ header: FrameHeader, _ bytes: Span<UInt8>, _ body: Range<Int>
  ) -> CallOpening? {
    let id = header.streamID
    let envelope: RequestEnvelope
    var metadata = Metadata()
    do throws(RequestEnvelope.Malformed) {
      envelope = try RequestEnvelope(bytes, in: body)
      if envelope.hasMetadata {
        metadata = try envelope.metadata(
          bytes, maxEntries: limits.maxMetadataEntries, maxBytes: limits.maxMetadataBytes)
      }
    } catch {
      answer(id, RPCError(.invalidArgument, error.message), isOpen: header.isOpen)
      return nil
    }
    let service = bytes.extracting(envelope.service)
    guard let method = shard.server.methods.find(service, bytes.extracting(envelope.method)) else {
      let what = shard.server.methods.knows(service) ? "method" : "service"
      answer(id, RPCError(.unimplemented, "unknown \(what)"), isOpen: header.isOpen)
      return nil
    }
    if let error = refusalOf(method, envelope.timeoutNanoseconds) {
      answer(id, error, isOpen: method.clientStreams && header.isOpen)
      return nil
    }
    let deadline = deadline(of: method, envelope.timeoutNanoseconds)
    starting = StartingCall(
      id: id, deadline: deadline, isUnary: method.isUnary,
      isOpen: method.clientStreams && header.isOpen)
    shard.callStarted()
    let context = context(method, metadata, deadline)
    let call = UnaryCall(context: context, stream: id, payload: envelope.payload, sink: self)
    return CallOpening(call: call, code: method.code, flags: header.flags)
  }

  /// Keeps the context of a call that is over for the next one. Not with metadata, which may be long
  /// and the connection idle.
  private func keepContext(of last: consuming CallOpening) {
    let context = last.takeContext()
    lastContext = context.hasMetadata ? nil : context
  }

  /// The context of a call: that of the last one, if nobody else has it.
  private func context(
    _ method: MethodTable.Entry, _ metadata: borrowing Metadata, _ deadline: Deadline
  ) -> CallContext {
    if metadata.isEmpty, var last = lastContext.take(), isKnownUniquelyReferenced(&last) {
      last.renew(method: method.served, deadline: deadline)
      return last
    }
    return CallContext(
      method: method.served, caller: caller, metadata: copy metadata, deadline: deadline)
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

  /// Starts a call, and the unary ones behind it.
  func start(_ opening: consuming CallOpening, _ bytes: Span<UInt8>) {
    switch opening.code {
    case .unary: runUnary(opening)
    case .streaming(let handler):
      handler.start(opening, bytes.extracting(opening.call.payload), on: self)
    }
  }

  /// Why a call is not even started, if it is not.
  private func refusalOf(
    _ method: MethodTable.Entry, _ timeoutNanoseconds: Int64
  ) -> RPCError? {
    if let refusal { return refusal }
    if isDraining {
      return RPCError(
        .unavailable, "the server is shutting down and did not start this call",
        details: [.errorInfo(reason: "SHUTTING_DOWN")])
    }
    if timeoutNanoseconds < 0 {
      return RPCError(.deadlineExceeded, "the time allowed for the call was over before it began")
    }
    if !method.isUnary, streams.streaming >= limits.maxOpenStreams {
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
      try shard.server.authorize(method.served, caller)
    } catch {
      return error
    }
    return nil
  }

  private func deadline(of method: MethodTable.Entry, _ timeoutNanoseconds: Int64) -> Deadline {
    let most = method.maxNanoseconds
    let time = timeoutNanoseconds == 0 ? most : min(timeoutNanoseconds, most)
    guard time != .max else { return .never }
    let (sum, overflows) = readAt.nanoseconds.addingReportingOverflow(time)
    return overflows ? .never : Deadline(at: MonotonicInstant(nanoseconds: sum))
  }

  /// Decodes the first request of a stream in place. Nil, and answered, when it cannot be.
  func decode<Request: Message>(
    _: Request.Type, _ payload: Span<UInt8>, for opening: borrowing CallOpening
  ) -> Request? {
    do {
      return try Request(serialized: payload, limits: .request)
    } catch {
      finish(opening.id, with: RPCError(undecodable: error))
      return nil
    }
  }

  /// Runs a unary call and those behind it in what has arrived. One task runs all the calls that do
  /// not suspend, as even a kept task costs a call a quarter of everything; a call that does suspend
  /// keeps the task it is in, and the next one gets another.
  private func runUnary(_ first: consuming CallOpening) {
    let number = runner
    opened = consume first
    let run = loop.startShort { await self.serveUnary(number) }
    guard opened == nil, let starting else { return }
    runner += 1
    suspended(starting, run, inbound: nil)
  }

  /// - Parameter number: of the task among those of this connection; it goes on to the next call as
  ///   long as it is the newest.
  private func serveUnary(_ number: Int) async {
    var next = takeOpened()
    while let opening = next.take() {
      guard case .unary(let serve) = opening.code else { return }
      do {
        _ = try await serve(opening.call)
      } catch {
        fail(opening.id, error, opening.context)
      }
      next = await nextUnary(after: opening, number)
    }
  }

  /// The next call of the task, and an end for the last one.
  ///
  /// `async` without waiting, and not inlined: after an `await` that ordinary code follows, Swift looks
  /// under a lock whether the task is where it belongs; where only another `await` follows, it need not.
  @inline(never)
  private func nextUnary(after last: consuming CallOpening, _ number: Int) async -> CallOpening? {
    guard isReading, number == runner else { return nil }
    keepContext(of: last)
    socket.withArrivedBytes { opened = nextCall(in: $0) }
    // Where nobody else has asked in this turn, the answers leave before the task is put away and the
    // turn ends. Otherwise the first to hear would ask again while the others' calls run.
    if opened == nil, loop.eventCount == 1, !isPaused { socket.writeNow() }
    return opened?.code.isUnary == true ? opened.take() : nil
  }

  func withPayload<R>(
    _ payload: Range<Int>, _ body: (Span<UInt8>) throws(MessageError) -> R
  ) throws(MessageError) -> R {
    try socket.withArrivedBytes { bytes throws(MessageError) in
      try body(bytes.extracting(payload))
    }
  }

  /// Runs a streaming handler.
  func run(
    _ opening: borrowing CallOpening, inbound: (any InboundMessages)?,
    _ body: @escaping @Sendable () async -> Void
  ) {
    let run = loop.startShort(body)
    if let starting { suspended(starting, run, inbound: inbound) }
  }

  /// Enters a call whose handler has suspended; most never do, and are never entered.
  private func suspended(
    _ suspended: StartingCall, _ run: Run, inbound: (any InboundMessages)?
  ) {
    starting = nil
    let call = RunningCall(run: run, deadline: suspended.deadline, inbound: inbound)
    if suspended.isUnary {
      streams.insert(suspended.id, .unary(call))
    } else {
      streams.insert(suspended.id, suspended.isOpen ? .receiving(call) : .replying(call))
    }
    watchDeadline(call.deadline)
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
