internal import Logging
internal import ProtobufC
internal import Reactor
internal import TTRPC

/// One client's connection: reads its frames, runs its calls, sends its answers.
///
/// Everything happens on one loop. A handler that does not suspend starts, runs and answers inside
/// the read that brought its request; the answers of a turn leave in one write.
// SAFETY: all state is touched on `shard.loop` only. Handlers that come back on another thread
// enter through `onLoop`; what they read elsewhere (`limits`, `shard`, `caller`) never changes.
final class ServerConnection: StreamSocketDelegate, ResponseSink, UnarySink, @unchecked Sendable {
  /// Where a connection is in its life.
  enum Phase {
    /// Calls are accepted.
    case serving
    /// The server stops: what runs may finish, new calls are refused, then it closes.
    case draining
    /// Nothing more is read; closes when nothing runs. By `until` at the latest what runs is
    /// cancelled.
    case finishing(until: MonotonicInstant)
    /// The last bytes are on their way out. Closed by `until`, which moves on as long as the client
    /// takes some.
    case leaving(until: MonotonicInstant)
    case closed
  }

  /// What the connection keeps of a handler that has suspended.
  struct RunningCall {
    let run: Run
    let deadline: Deadline
    let inbound: (any InboundMessages)?
  }

  /// What it keeps of one that may still do so. Without references: every call has one.
  struct StartingCall {
    let id: UInt32
    let deadline: Deadline
    let isUnary: Bool
    let isOpen: Bool
  }

  let shard: ServerShard
  let loop: EventLoop
  let socket: StreamSocket
  let caller: Caller
  /// Why every call is refused, when the admission hook refused the caller.
  let refusal: RPCError?
  var phase = Phase.serving
  var decoder: FrameDecoder
  let streams = StreamTable<RunningCall>()
  /// The call whose handler is in its first stretch; it is not in `streams` yet.
  var starting: StartingCall?
  /// How many of the bytes that are being shown are acted on.
  var position = 0
  /// When they arrived.
  var readAt: MonotonicInstant
  /// Bytes that have arrived are being acted on, here or in the first stretch of a handler.
  var isReading = false
  /// Which task may go on to the next call; see ``runUnary(_:)``.
  var runner = 0
  /// A call on its way to whoever starts it: the first one of such a task to that task, a streaming
  /// one that it has come to back to ``received(_:)``.
  var opened: CallOpening?
  /// That of a call which is over.
  var lastContext: CallContext?
  var violations = 0
  var deadlines = DeadlineTimer()
  /// Nothing is read; see ``mayRead`` and ``hasRoom(for:)`` for the reasons.
  var isPaused = false
  /// The stream whose full queue stops the reading.
  var fullStream: UInt32?
  var progress: Progress
  /// Handlers that wait for the output to drain.
  var drainWaiters: [Completion<Void>] = []
  /// What ``InboundBudget`` has granted.
  var reservedBytes = 0
  /// Bytes waiting for the client that the shard knows of.
  var countedOutput = 0

  init(
    _ socket: StreamSocket, caller: Caller, refusal: RPCError?, shard: ServerShard
  ) {
    self.socket = socket
    self.caller = caller
    self.refusal = refusal
    self.shard = shard
    loop = shard.loop
    decoder = FrameDecoder()
    readAt = loop.now
    progress = Progress(now: readAt)
    // Nobody would hear the answers: what runs is cancelled, also while nothing is read (C11).
    socket.closesOnHangup = true
  }

  var limits: ServerLimits { shard.server.limits }
  var logger: Logger { shard.server.logger }

  // Patterns, as == would hand `phase` itself to somebody else, and each look at it would then be
  // checked for exclusivity.

  /// Whether frames are acted on.
  var isServing: Bool {
    switch phase {
    case .serving, .draining: true
    case .finishing, .leaving, .closed: false
    }
  }

  var isDraining: Bool {
    if case .draining = phase { true } else { false }
  }

  var isClosed: Bool {
    if case .closed = phase { true } else { false }
  }

  /// Handlers that run now or are about to.
  var running: Int { streams.running + (starting == nil ? 0 : 1) }

  /// Runs `work` on the loop: at once when the caller is on it.
  func onLoop(_ work: @escaping @Sendable (ServerConnection) -> Void) {
    if loop.isCurrent {
      work(self)
    } else {
      loop.submit { work(self) }
    }
  }

  // MARK: StreamSocketDelegate

  func received(_ bytes: Span<UInt8>) -> Int {
    readAt = loop.now
    progress.heard(at: readAt)
    position = 0
    isReading = true
    while let opening = takeOpened() ?? nextCall(in: bytes) { start(opening, bytes) }
    isReading = false
    countOutput()
    if isServing { noteUnread(bytes) }
    guard isServing else {
      // Nothing is read any more: what is left is thrown away.
      releaseReservation()
      return bytes.count
    }
    return position
  }

  func takeOpened() -> CallOpening? {
    opened.take()
  }

  func peerFinishedWriting() {
    // A client that closed its side may still wait for answers, but not to requests it cannot end.
    for (id, call) in streams.calls {
      guard case .receiving = streams[id] else { continue }
      call.inbound?.fail(RPCError(.cancelled, "the client closed the connection"))
    }
    finish(within: limits.halfClosedTime)
  }

  func outputTaken() {
    countOutput()
    guard socket.unsentBytes == 0 else { return }
    for waiter in takeDrainWaiters() { waiter.succeed(()) }
    readOn()
  }

  func takeDrainWaiters() -> [Completion<Void>] {
    var waiters: [Completion<Void>] = []
    swap(&waiters, &drainWaiters)
    return waiters
  }

  func closed(_ error: SystemError?) {
    guard !isClosed else { return }
    if let error { log("closed: \(error)") }
    phase = .closed
    deadlines.set(.never, nil)?.cancel()
    let gone = RPCError(.cancelled, "the client is gone")
    for (id, call) in streams.calls {
      _ = streams.abandon(id)
      call.inbound?.fail(gone)
      call.run.cancel()
    }
    for waiter in takeDrainWaiters() { waiter.fail(gone) }
    releaseReservation()
    countOutput()
    shard.closed(self)
  }

  func log(_ message: @autoclosure () -> String, level: Logger.Level = .debug) {
    logger.log(
      level: level, "\(message())",
      metadata: ["pid": "\(caller.peer.processID)", "uid": "\(caller.peer.userID)"])
  }
}
