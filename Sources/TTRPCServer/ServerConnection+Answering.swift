internal import Logging
internal import ProtobufC
internal import Reactor
internal import TTRPC

/// From a handler, or a rule, to the bytes of an answer.
extension ServerConnection {
  // MARK: Handlers, from any thread

  /// Ends a call with its response.
  func finish(_ id: UInt32, with response: some Message) {
    finish(id) { output throws(FrameWriter.Refusal) in
      try FrameWriter.appendResponse(response, stream: id, to: &output)
    }
  }

  func finish(_ id: UInt32, _ append: (inout [UInt8]) throws(FrameWriter.Refusal) -> Void) {
    guard loop.isCurrent else { return finishElsewhere(id, append) }
    guard handlerReturned(id) else { return }
    do throws(FrameWriter.Refusal) {
      try socket.withOutput(append)
    } catch {
      appendStatus(status(of: error), id)
    }
    answered()
  }

  private func finishElsewhere(
    _ id: UInt32, _ append: (inout [UInt8]) throws(FrameWriter.Refusal) -> Void
  ) {
    var frame: [UInt8] = []
    do throws(FrameWriter.Refusal) {
      try append(&frame)
    } catch {
      let status = status(of: error)
      loop.submit { self.finish(id, with: status) }
      return
    }
    loop.submit { [frame] in
      self.finish(id) { output throws(FrameWriter.Refusal) in output += frame }
    }
  }

  /// Ends a stream of responses.
  func finishStream(_ id: UInt32) {
    guard loop.isCurrent else {
      loop.submit { self.finishStream(id) }
      return
    }
    guard handlerReturned(id) else { return }
    let end = FrameHeader(
      dataLength: 0, streamID: id, type: .data, flags: [.remoteClosed, .noData])
    socket.withOutput { FrameWriter.append(end, to: &$0) }
    answered()
  }

  /// Ends a call whose handler threw.
  func fail(_ id: UInt32, _ error: any Error, _ context: CallContext) {
    let status = present(error, context)
    onLoop { $0.finish(id, with: status) }
  }

  /// Ends a call with an error.
  func finish(_ id: UInt32, with error: RPCError) {
    guard handlerReturned(id) else { return }
    appendStatus(error, id)
    answered()
  }

  /// Sends one message of a stream of responses. A completion to wait for when the client is slow.
  /// - Throws: when the stream is over, or the message too long.
  func write(
    _ message: some Message, _ id: UInt32
  ) throws(RPCError) -> Completion<Void>? {
    guard isAnswerable(id) else {
      throw RPCError(.cancelled, "the call is over")
    }
    do throws(FrameWriter.Refusal) {
      try socket.withOutput { output throws(FrameWriter.Refusal) in
        try FrameWriter.appendData(message, stream: id, to: &output)
      }
    } catch {
      throw status(of: error)
    }
    answered()
    guard socket.unsentBytes > limits.streamOutboundMark, !isClosed else { return nil }
    let drained = Completion<Void>()
    var waiters = takeDrainWaiters()
    waiters.append(drained)
    drainWaiters = waiters
    return drained
  }

  // MARK: Rules, on the loop

  /// Answers a request whose handler was never started.
  /// - Parameter isOpen: the client may go on sending on the stream.
  func answer(_ id: UInt32, _ error: RPCError, isOpen: Bool) {
    if isOpen { streams.linger(id) }
    appendStatus(error, id)
    answered()
  }

  /// Answers a call whose handler still runs, and cancels that.
  func abort(_ id: UInt32, _ error: RPCError) {
    guard let call = streams.abandon(id) else { return }
    abandon(call, because: error)
    appendStatus(error, id)
    answered()
  }

  /// Answers a frame that is against the protocol on its own stream.
  /// - Parameter live: the call of that stream, which this answer ends.
  func violate(_ id: UInt32, _ reason: String, live: RunningCall?) {
    let error = RPCError(.invalidArgument, reason)
    if let live { abandon(live, because: error) }
    appendStatus(error, id)
    answered()
    countViolation(reason)
  }

  /// Ten bytes in cost sixty out: a client that goes on like this is cut off.
  func countViolation(_ reason: String) {
    violations += 1
    log("violation \(violations): \(reason)")
    guard violations >= limits.maxViolations, isServing else { return }
    log("closing: \(violations) violations of the protocol", level: .warning)
    cancelEverything()
    leave()
  }

  /// Answers a frame above the data limit on its own stream; its data is being skipped.
  func refuseOversized(_ header: FrameHeader) {
    progress.frameRefused(length: Int(header.dataLength), at: loop.now)
    refuse(header, .oversizedFrame(length: header.dataLength))
  }

  /// Answers a frame whose data is being skipped.
  func refuse(_ header: FrameHeader, _ error: RPCError) {
    let id = header.streamID
    switch header.type {
    case .request:
      guard accepts(id) else { return }
      answer(id, error, isOpen: header.isOpen)
      finishIfExhausted()
    case .data:
      let ends = header.flags.contains(.remoteClosed)
      switch streams.receiveData(id, ends: ends) {
      case .deliver: abort(id, error)
      case .drop: break
      case .violation(let reason, let live): violate(id, reason, live: live)
      }
    default:
      countViolation("frame of type \(header.type.rawValue)")
    }
  }

  private func abandon(_ call: RunningCall, because error: RPCError) {
    call.inbound?.fail(error)
    call.run.cancel()
  }

  private func appendStatus(_ error: RPCError, _ id: UInt32) {
    let status = error.serializedStatus()
    socket.withOutput { FrameWriter.appendStatus(status, stream: id, to: &$0) }
  }

  /// For a response that does not go into a frame.
  private func status(of refusal: FrameWriter.Refusal) -> RPCError {
    switch refusal {
    case .tooLong: return .oversized
    case .unserializable(let error):
      log("a response cannot be serialized: \(error)", level: .error)
      return RPCError(.internal, "the response cannot be serialized")
    }
  }

  private func isAnswerable(_ id: UInt32) -> Bool {
    guard !isClosed else { return false }
    if starting?.id == id { return true }
    switch streams[id] {
    case .unary, .receiving, .replying: return true
    case .abandoned, .lingering, nil: return false
    }
  }

  /// Takes a handler out of the books. True when its call has still to be answered.
  private func handlerReturned(_ id: UInt32) -> Bool {
    shard.callEnded()
    if let first = starting, first.id == id {
      starting = nil
      if first.isOpen { streams.linger(id) }
      // A socket that closes within the first stretch says so later.
      return true
    }
    let mustAnswer = streams.handlerReturned(id)
    guard !isClosed else {
      shard.forgetIfDone(self)
      return false
    }
    readOn()
    if !mustAnswer { leaveIfDone() }
    return mustAnswer
  }

  /// Most bytes of answers that the shard does not know of.
  private static let maxUncountedOutput = 16 << 10

  /// After every answer: sees that it is sent.
  private func answered() {
    // Small answers of one read are counted at its end.
    if !isReading || socket.unsentBytes >= countedOutput + Self.maxUncountedOutput { countOutput() }
    guard socket.isOpen else { return }
    if socket.unsentBytes > limits.outboundCeiling {
      log("closing: the client takes no answers", level: .warning)
      socket.close()
      return
    }
    socket.flush()
    leaveIfDone()
  }

  /// What the caller sees of an error, and what the log does.
  private func present(_ error: any Error, _ context: CallContext) -> RPCError {
    switch error {
    case let error as RPCError:
      return error
    case let error as any RPCErrorConvertible:
      var status = error.rpcError
      guard let cause = error.cause else { return status }
      if status.requestID == nil { status.details.append(.requestInfo(id: context.requestID)) }
      logFailure(status, cause, context)
      return status
    case is DeadlineExceeded:
      return .deadlineExceeded
    case is CancellationError:
      return context.deadline.hasPassed
        ? .deadlineExceeded : RPCError(.cancelled, "the call was cancelled")
    default:
      let status = RPCError(
        .internal, "internal error, logged as \(context.requestID)",
        details: [.requestInfo(id: context.requestID)])
      logFailure(status, error, context)
      return status
    }
  }

  private func logFailure(_ status: RPCError, _ cause: any Error, _ context: CallContext) {
    logger.error(
      "call failed: \(cause)",
      metadata: [
        "request": "\(context.requestID)", "method": "\(context.method)",
        "code": "\(status.code.name)",
      ])
  }
}

extension RPCError {
  static let deadlineExceeded = RPCError(
    .deadlineExceeded, "the time allowed for the call is over; what it did so far stands")

  static let oversized = RPCError(
    .resourceExhausted, "the response is longer than \(FrameHeader.maxDataLength) bytes",
    details: [
      .quotaFailure([
        QuotaViolation(
          subject: "response", description: "\(FrameHeader.maxDataLength) bytes")
      ])
    ])

  static func oversizedFrame(length: UInt32) -> RPCError {
    RPCError(
      .resourceExhausted,
      "the frame has \(length) bytes of data, \(FrameHeader.maxDataLength) are allowed",
      details: [
        .quotaFailure([
          QuotaViolation(subject: "frame", description: "\(FrameHeader.maxDataLength) bytes")
        ])
      ])
  }
}
