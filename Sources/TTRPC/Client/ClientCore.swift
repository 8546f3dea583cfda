internal import DequeModule
internal import Reactor

/// The part of a channel that lives on its loop: one connection for unary calls, made when needed,
/// and the calls that wait for it.
// SAFETY: touched on `loop` only, except `configuration` and `loop`, which never change.
final class ClientCore: @unchecked Sendable {
  private enum Link {
    case none
    case connecting(Task<Void, Never>)
    case ready(ClientConnection)
    /// The last attempt failed; until then calls that do not wait fail at once.
    case resting(until: MonotonicInstant, RPCError)
    case closed
  }

  /// A call that has waited for one to two of these takes long; see ``UnaryClientCall/takesLong()``.
  private static let tick = Duration.milliseconds(10)

  let configuration: ClientConfiguration
  let loop: EventLoop
  private var link = Link.none
  private var waiting = Deque<UnaryClientCall>()
  /// Those in `waiting` that are not over; the others are only skipped when their turn comes.
  private var waitingCount = 0
  private var backoff: Backoff
  private var alarm: LoopTimer?
  private var alarmAt = Deadline.never
  /// Runs while there are calls that may yet be answered soon.
  private var ticker: LoopTimer?
  private var idleTimer: LoopTimer?
  private var restTimer: LoopTimer?
  private var lastUse: MonotonicInstant
  private var streams: [ObjectIdentifier: ClientStream] = [:]

  init(_ configuration: ClientConfiguration, _ loop: EventLoop) {
    self.configuration = configuration
    self.loop = loop
    backoff = Backoff(first: configuration.firstPause, longest: configuration.longestPause)
    lastUse = .now()
  }

  // MARK: Unary calls

  /// Sends a call, now or when it can be.
  func start(_ call: UnaryClientCall) {
    lastUse = loop.now
    guard waitingCount < configuration.maxWaiting else {
      return end(call, RPCError(.resourceExhausted, "too many calls wait for the server"))
    }
    switch link {
    case .closed:
      return end(call, .clientClosed)
    case .resting(let until, var error)
    where until > loop.now && call.whenUnreachable == .fail:
      error.details.append(.retryInfo(loop.now.duration(to: until)))
      return end(call, error)
    case .ready(let connection)
    where waitingCount == 0 && hasRoom(connection) && connection.hasIDs:
      // Nearly always: nobody waits, and there is room.
      guard call.deadline.instant > loop.now else { return end(call, .timedOutUnsent) }
      connection.send(call)
      return watch(call)
    case .none, .connecting, .ready, .resting:
      call.state = .waiting
      wait(call)
      watch(call)
      // Nor could the ticker tell it any more, should the loop end before there is a connection.
      if case .ready = link {} else { call.takesLong() }
    }
    switch link {
    case .none: connect()
    case .resting(let until, _): if until <= loop.now { connect() } else { wake(at: until) }
    case .ready: pump()
    case .connecting, .closed: break
    }
  }

  /// Gives a call up: its task was cancelled.
  func giveUp(_ call: UnaryClientCall) {
    let wasSent = if case .sent = call.state { true } else { false }
    drop(call, wasSent ? .cancelled : .cancelledUnsent)
  }

  /// Ends everything. Calls fail with CANCELLED.
  func close() {
    let old = link
    link = .closed
    restTimer?.cancel()
    idleTimer?.cancel()
    alarm?.cancel()
    ticker?.cancel()
    switch old {
    case .connecting(let task): task.cancel()
    case .ready(let connection): connection.close(.clientClosed)
    case .none, .resting, .closed: break
    }
    for call in takeWaiting() { end(call, .clientClosed) }
    for stream in streams.values { stream.end(.clientClosed) }
  }

  private func pump() {
    guard waitingCount > 0, case .ready(let connection) = link else { return }
    while hasRoom(connection), let call = waiting.popFirst() {
      guard case .waiting = call.state else { continue }
      leftQueue()
      guard call.deadline.instant > loop.now else {
        end(call, .timedOutUnsent)
        continue
      }
      guard connection.hasIDs else {
        waiting.prepend(call)
        waitingCount += 1
        if connection.inFlight == 0 { connection.close(.clientClosed) }
        return
      }
      connection.send(call)
    }
  }

  private func hasRoom(_ connection: ClientConnection) -> Bool {
    connection.isOpen && connection.inFlight < configuration.maxInFlight
      && connection.unsentBytes < configuration.outboundMark
  }

  private func wait(_ call: UnaryClientCall) {
    waiting.append(call)
    waitingCount += 1
  }

  private func leftQueue() {
    waitingCount -= 1
    // Those that are left are over.
    if waitingCount == 0 { waiting.removeAll(keepingCapacity: true) }
  }

  private func end(_ call: ClientCall, _ error: RPCError) {
    call.state = .over
    call.fail(error)
  }

  private func drop(_ call: ClientCall, _ error: RPCError) {
    let state = call.state
    end(call, error)
    switch state {
    case .waiting:
      leftQueue()
      if waiting.count - waitingCount > max(64, waiting.count / 2) {
        for call in takeWaiting() { wait(call) }
      }
    case .sent(let id):
      if case .ready(let connection) = link { connection.forget(id) }
    case .made, .over: break
    }
  }

  /// Takes out who still waits.
  private func takeWaiting() -> Deque<UnaryClientCall> {
    let calls = waiting.filter { if case .waiting = $0.state { true } else { false } }
    waiting = []
    waitingCount = 0
    return calls
  }

  // MARK: The connection

  private func connect() {
    let deadline = Deadline(after: configuration.connectTime)
    link = .none
    let task = loop.start { [self] in
      do throws(SystemError) {
        connected(
          try await StreamSocket.connect(
            path: configuration.path, on: loop, deadline: deadline))
      } catch {
        notConnected(error)
      }
    }
    // Nearly always the attempt is over by now: a Unix socket connects at once or not at all.
    if case .none = link { link = .connecting(task) }
  }

  private func connected(_ socket: StreamSocket) {
    if case .closed = link { return socket.close() }
    let connection = ClientConnection(
      socket, path: configuration.path, usual: configuration.maxInFlight,
      onAnswer: { [self] in pump() },
      onOutputTaken: { [self] in pump() }, onEnd: { [self] _ in connectionEnded() })
    do throws(SystemError) {
      try connection.start()
    } catch {
      return notConnected(error)
    }
    backoff.succeeded()
    link = .ready(connection)
    watchIdleness()
    pump()
  }

  private func notConnected(_ error: SystemError) {
    if case .closed = link { return }
    let failure = RPCError.unreachable(configuration.path, error)
    let until = loop.now.advanced(by: backoff.failed())
    link = .resting(until: until, failure)
    for call in takeWaiting() {
      switch call.whenUnreachable {
      case .fail: end(call, failure)
      case .wait: wait(call)
      }
    }
    if waitingCount > 0 { wake(at: until) }
  }

  private func connectionEnded() {
    idleTimer?.cancel()
    if case .closed = link { return }
    link = .none
    // Those that were not sent cannot have reached the server.
    if waitingCount > 0 { connect() }
  }

  private func wake(at instant: MonotonicInstant) {
    restTimer?.cancel()
    restTimer = loop.schedule(at: instant) { [weak self] in
      guard let self, case .resting = self.link, self.waitingCount > 0 else { return }
      self.connect()
    }
  }

  private func watchIdleness() {
    idleTimer?.cancel()
    idleTimer = loop.schedule(after: configuration.idleTime / 2) { [weak self] in
      guard let self, case .ready(let connection) = self.link else { return }
      if connection.inFlight > 0 { self.lastUse = self.loop.now }
      guard self.lastUse.duration(to: self.loop.now) < self.configuration.idleTime else {
        return connection.close(.clientClosed)
      }
      self.watchIdleness()
    }
  }

  // MARK: Time

  private func watch(_ call: UnaryClientCall) {
    watch(call.deadline)
    if ticker == nil { startTicker() }
  }

  private func startTicker() {
    ticker = loop.schedule(after: Self.tick) { [weak self] in self?.ticked() }
  }

  /// Tells the calls that have seen a tick before that they take long.
  private func ticked() {
    ticker = nil
    var hasFresh = false
    eachCall { call in
      switch call.age {
      case .fresh:
        call.age = .seen
        hasFresh = true
      case .seen: call.takesLong()
      case .long: break
      }
    }
    if hasFresh { startTicker() }
  }

  private func eachCall(_ body: (UnaryClientCall) -> Void) {
    for call in waiting { if case .waiting = call.state { body(call) } }
    if case .ready(let connection) = link {
      for case let call as UnaryClientCall in connection.pending { body(call) }
    }
  }

  /// One timer for the earliest deadline: calls that are answered in time leave it alone.
  private func watch(_ deadline: Deadline) {
    guard deadline < alarmAt else { return }
    alarm?.cancel()
    alarmAt = deadline
    alarm = loop.schedule(at: deadline.instant) { [weak self] in self?.deadlinePassed() }
  }

  private func deadlinePassed() {
    alarmAt = .never
    let now = Deadline(at: loop.now)
    var next = Deadline.never
    for call in takeWaiting() {
      if call.deadline <= now {
        end(call, .timedOutUnsent)
      } else {
        wait(call)
        next = next.sooner(call.deadline)
      }
    }
    if case .ready(let connection) = link {
      for call in connection.pending {
        if call.deadline <= now {
          drop(call, .timedOut)
        } else {
          next = next.sooner(call.deadline)
        }
      }
    }
    watch(next)
  }

  // MARK: Streams

  /// Enters a streaming call.
  /// - Throws: RESOURCE_EXHAUSTED above the limit, CANCELLED after ``close()``.
  func enter(_ stream: ClientStream) throws(RPCError) {
    if case .closed = link { throw .clientClosed }
    guard streams.count < configuration.maxStreams else {
      throw RPCError(
        .resourceExhausted, "\(configuration.maxStreams) streams are open on this client",
        details: [
          .quotaFailure([
            QuotaViolation(
              subject: "client", description: "\(configuration.maxStreams) open streams")
          ])
        ])
    }
    streams[ObjectIdentifier(stream)] = stream
  }

  func leave(_ stream: ClientStream) {
    streams[ObjectIdentifier(stream)] = nil
  }
}
