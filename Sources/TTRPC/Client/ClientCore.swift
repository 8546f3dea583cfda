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

  let configuration: ClientConfiguration
  let loop: EventLoop
  private var link = Link.none
  private var waiting = Deque<ClientCall>()
  /// Those in `waiting` that are over and only skipped when their turn comes.
  private var dead = 0
  private var backoff: Backoff
  private var alarm: LoopTimer?
  private var alarmAt = Deadline.never
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
  func start(_ call: ClientCall) {
    // A cancellation may have been faster.
    guard case .made = call.state else { return }
    lastUse = loop.now
    guard waiting.count - dead < configuration.maxWaiting else {
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
    where waiting.isEmpty && hasRoom(connection) && connection.hasIDs:
      // Nearly always: nobody waits, and there is room.
      guard call.deadline.instant > loop.now else { return end(call, .timedOutUnsent) }
      connection.send(call)
      return watch(call.deadline)
    case .none, .connecting, .ready, .resting:
      call.state = .waiting
      waiting.append(call)
      watch(call.deadline)
    }
    switch link {
    case .none: connect()
    case .resting(let until, _): if until <= loop.now { connect() } else { wake(at: until) }
    case .ready: pump()
    case .connecting, .closed: break
    }
  }

  /// Gives a call up: its task was cancelled.
  func giveUp(_ call: ClientCall) {
    let wasSent = if case .sent = call.state { true } else { false }
    drop(
      call,
      RPCError(
        .cancelled,
        wasSent
          ? "the call was cancelled; it may have been carried out"
          : "the call was cancelled; it was not sent"))
  }

  /// Ends everything. Calls fail with CANCELLED.
  func close() {
    let old = link
    link = .closed
    restTimer?.cancel()
    idleTimer?.cancel()
    alarm?.cancel()
    switch old {
    case .connecting(let task): task.cancel()
    case .ready(let connection): connection.close(.clientClosed)
    case .none, .resting, .closed: break
    }
    for call in takeWaiting() { end(call, .clientClosed) }
    for stream in streams.values { stream.end(.clientClosed) }
  }

  private func pump() {
    guard !waiting.isEmpty, case .ready(let connection) = link else { return }
    while hasRoom(connection), let call = waiting.popFirst() {
      guard case .waiting = call.state else {
        dead -= 1
        continue
      }
      guard call.deadline.instant > loop.now else {
        end(call, .timedOutUnsent)
        continue
      }
      guard connection.hasIDs else {
        waiting.prepend(call)
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

  private func end(_ call: ClientCall, _ error: RPCError) {
    call.state = .over
    call.reply.fail(error)
  }

  private func drop(_ call: ClientCall, _ error: RPCError) {
    let state = call.state
    call.state = .over
    switch state {
    case .made: call.reply.fail(error)
    case .waiting:
      call.reply.fail(error)
      dead += 1
      if dead > max(64, waiting.count / 2) { waiting = takeWaiting() }
    case .sent(let id):
      call.reply.fail(error)
      if case .ready(let connection) = link { connection.forget(id) }
    case .over: break
    }
  }

  /// Takes out who still waits.
  private func takeWaiting() -> Deque<ClientCall> {
    let calls = waiting.filter { if case .waiting = $0.state { true } else { false } }
    waiting = []
    dead = 0
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
      socket, path: configuration.path, onAnswer: { [self] in pump() },
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
      case .wait: waiting.append(call)
      }
    }
    if !waiting.isEmpty { wake(at: until) }
  }

  private func connectionEnded() {
    idleTimer?.cancel()
    if case .closed = link { return }
    link = .none
    // Those that were not sent cannot have reached the server.
    if waiting.count > dead { connect() }
  }

  private func wake(at instant: MonotonicInstant) {
    restTimer?.cancel()
    restTimer = loop.schedule(at: instant) { [weak self] in
      guard let self, case .resting = self.link, !self.waiting.isEmpty else { return }
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

  // MARK: Deadlines

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
        waiting.append(call)
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
