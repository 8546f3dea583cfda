internal import Reactor

/// A connection to a server: sends requests, hands out the frames that come back.
// SAFETY: touched on the socket's loop only.
final class ClientConnection: StreamSocketDelegate, @unchecked Sendable {
  /// Requests that wait for the end of the turn. With more the server begins with these while others are
  /// made: else each of the two would wait for all that the other does.
  private static let mostUnwritten = 32

  private let path: String
  private let socket: StreamSocket
  private let onEnd: (RPCError) -> Void
  private let onAnswer: () -> Void
  private let onOutputTaken: () -> Void
  private var decoder = FrameDecoder()
  private let calls: CallTable
  private var nextID: UInt64 = 1
  private var drainWaiters: [Completion<Void>] = []
  private var isPaused = false
  private var failure: RPCError?
  /// Requests since the last write.
  private var unwritten = 0

  /// - Parameters:
  ///   - usual: calls on it at the same time for which it is made.
  ///   - onAnswer: called when a call has ended and there is room for another.
  ///   - onOutputTaken: called when ``unsentBytes`` has fallen.
  ///   - onEnd: called once when the connection is gone, after its calls have failed.
  init(
    _ socket: StreamSocket, path: String, usual: Int, onAnswer: @escaping () -> Void,
    onOutputTaken: @escaping () -> Void = {}, onEnd: @escaping (RPCError) -> Void
  ) {
    self.socket = socket
    self.path = path
    calls = CallTable(usual: usual)
    self.onAnswer = onAnswer
    self.onOutputTaken = onOutputTaken
    self.onEnd = onEnd
  }

  func start() throws(SystemError) {
    try socket.start(self)
  }

  /// False from the end of the connection on, of which everybody learns a moment later.
  var isOpen: Bool { socket.isOpen }
  /// Calls on the wire.
  var inFlight: Int { calls.count }
  /// Whether there are stream ids left; without, a new connection is needed.
  var hasIDs: Bool { nextID <= UInt64(UInt32.max) }
  /// Bytes waiting for the server.
  var unsentBytes: Int { socket.unsentBytes }
  var pending: [ClientCall] { calls.all }

  // MARK: Sending

  /// Sends the request of a call, with the time that is left for it.
  func send(_ call: ClientCall) {
    let id = UInt32(truncatingIfNeeded: nextID)
    nextID += 2
    call.state = .sent(stream: id)
    calls.insert(call, id)
    socket.withOutput {
      RequestFrame.append(
        call.data, call.flags, stream: id, deadline: call.deadline, at: .now(), to: &$0)
    }
    unwritten += 1
    if unwritten < Self.mostUnwritten {
      socket.flush()
    } else {
      unwritten = 0
      socket.writeNow()
    }
  }

  /// Sends a message of a stream of requests, or its end.
  func sendData(_ data: [UInt8], _ flags: FrameFlags, stream id: UInt32) {
    socket.withOutput { FrameWriter.append(.data, flags, stream: id, data: data, to: &$0) }
    socket.flush()
  }

  /// Succeeds when everything is sent; there is something.
  func drained() -> Completion<Void> {
    let completion = Completion<Void>()
    drainWaiters.append(completion)
    return completion
  }

  /// Forgets a call; its answer will be dropped.
  func forget(_ id: UInt32) {
    if calls.remove(id) { onAnswer() }
  }

  /// Ends the connection: every call of it fails with `error`.
  func close(_ error: RPCError) {
    if failure == nil { failure = error }
    socket.close()
  }

  /// Reads again after ``ReplyProgress/full``.
  func readOn() {
    guard isPaused else { return }
    isPaused = false
    socket.resumeReading()
  }

  // MARK: StreamSocketDelegate

  func received(_ bytes: Span<UInt8>) -> Int {
    var offset = 0
    while socket.isOpen, !isPaused {
      // A copy goes through the step: what is lent is checked for exclusive access.
      var decoder = decoder
      let step = decoder.next(in: bytes, at: &offset)
      self.decoder = decoder
      switch step {
      case .frame(let header, let body):
        receive(header, bytes.extracting(body))
      case .skipped:
        break
      case .oversized(let header):
        decoder.skip(header, at: &offset)
        self.decoder = decoder
        end(
          header.streamID,
          RPCError(.resourceExhausted, "the response has \(header.dataLength) bytes"))
      case .incomplete:
        return offset
      case .reservedByte:
        close(.protocolViolation("the server sends something that is not ttrpc"))
      }
    }
    return offset
  }

  func peerFinishedWriting() {
    socket.close()
  }

  func outputTaken() {
    unwritten = 0
    if socket.unsentBytes == 0 {
      let waiters = drainWaiters
      drainWaiters = []
      for waiter in waiters { waiter.succeed(()) }
    }
    onOutputTaken()
  }

  func closed(_ error: SystemError?) {
    let failure = failure ?? .connectionLost(path, error)
    for call in calls.removeAll() {
      call.state = .over
      call.fail(failure)
    }
    let waiters = drainWaiters
    drainWaiters = []
    for waiter in waiters { waiter.fail(failure) }
    onEnd(failure)
  }

  private func receive(_ header: FrameHeader, _ body: Span<UInt8>) {
    // Answers to calls that were given up, and frame types of later versions, are dropped.
    guard let call = calls[header.streamID], header.type == .response || header.type == .data
    else { return }
    switch call.receive(header, body) {
    case .goesOn: break
    case .full:
      isPaused = true
      socket.pauseReading()
    case .ended:
      call.state = .over
      forget(header.streamID)
    }
  }

  private func end(_ id: UInt32, _ error: RPCError) {
    guard let call = calls[id] else { return }
    call.state = .over
    call.fail(error)
    forget(id)
  }
}
