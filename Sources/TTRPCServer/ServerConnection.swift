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
final class ServerConnection: StreamSocketDelegate, ResponseSink, @unchecked Sendable {
  /// Where a connection is in its life.
  enum Phase: Equatable {
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
    let task: Task<Void, Never>
    let deadline: Deadline
    let method: MethodTable.Entry
    let inbound: (any InboundMessages)?
  }

  let shard: ServerShard
  let socket: StreamSocket
  let caller: Caller
  /// Why every call is refused, when the admission hook refused the caller.
  let refusal: RPCError?
  var phase = Phase.serving
  var decoder: FrameDecoder
  var streams = StreamTable<RunningCall>()
  /// The call whose handler is in its first stretch; it is not in `streams` yet.
  var starting: CallOpening?
  /// Unary calls of this read that are decoded and about to start.
  var queued = CallQueue()
  /// Which task may take from `queued`; see ``runQueued()``.
  var runner = 0
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
    decoder = FrameDecoder()
    progress = Progress(now: shard.loop.now)
    // Nobody would hear the answers: what runs is cancelled, also while nothing is read (C11).
    socket.closesOnHangup = true
  }

  var loop: EventLoop { shard.loop }
  var limits: ServerLimits { shard.server.limits }
  var logger: Logger { shard.server.logger }

  /// Whether frames are acted on.
  var isServing: Bool { phase == .serving || phase == .draining }

  /// Handlers that run now or are about to.
  var running: Int { streams.running + queued.count + (starting == nil ? 0 : 1) }

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
    progress.heard(at: loop.now)
    var offset = 0
    reading: while mayRead {
      let start = offset
      switch decoder.next(in: bytes, at: &offset) {
      case .frame(let header, let body):
        guard mayFollow(header), hasRoom(for: header) else {
          offset = start
          break reading
        }
        receive(header, bytes.extracting(body))
      case .oversized(let header):
        guard mayFollow(header) else { break reading }
        decoder.skip(header, at: &offset)
        refuseOversized(header)
      case .skipped:
        progress.frameEnded()
      case .reservedByte:
        log("closing: the reserved first byte of a frame is not zero")
        finish(within: .zero)
        break reading
      case .incomplete:
        break reading
      }
    }
    runQueued()
    if isServing { noteUnread(bytes, &offset) }
    guard isServing else {
      // Nothing is read any more: what is left is thrown away.
      releaseReservation()
      return bytes.count
    }
    return offset
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
    let waiters = drainWaiters
    drainWaiters = []
    for waiter in waiters { waiter.succeed(()) }
    readOn()
  }

  func closed(_ error: SystemError?) {
    guard phase != .closed else { return }
    if let error { log("closed: \(error)") }
    phase = .closed
    _ = queued.removeAll()
    deadlines.cancel()
    let gone = RPCError(.cancelled, "the client is gone")
    for (id, call) in streams.calls {
      _ = streams.abandon(id)
      call.inbound?.fail(gone)
      call.task.cancel()
    }
    let waiters = drainWaiters
    drainWaiters = []
    for waiter in waiters { waiter.fail(gone) }
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
