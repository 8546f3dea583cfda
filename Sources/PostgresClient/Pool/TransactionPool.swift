internal import DequeModule
internal import Reactor

/// The connections of one loop and role for interactive transactions: a bounded number, lent to one
/// transaction at a time, first come first served. Belongs to its loop's thread.
final class TransactionPool {
  struct Limits {
    var connections: Int
    var maxQueued: Int
    var patience: Duration
    var idle: Duration
  }

  /// Attempts to connect at one time, so that a server that comes back is not stormed.
  private static let maxOpening = 2

  private let loop: EventLoop
  private let limits: Limits
  private var keepers: [ConnectionKeeper] = []
  /// Connections nobody has, last returned last.
  private var idle: [(connection: Connection, since: MonotonicInstant)] = []
  private var waiting = Deque<LeaseRequest>()
  private var lent = 0
  private var idleTimer: LoopTimer?
  private var downSince: MonotonicInstant?
  private var isClosing = false
  private var drained: (() -> Void)?

  init(_ factory: ConnectionFactory, _ limits: Limits) {
    self.loop = factory.loop
    self.limits = limits
    for _ in 0..<max(1, limits.connections) {
      keepers.append(
        ConnectionKeeper(
          factory,
          isWanted: { [weak self] in self?.needsConnection ?? false },
          opened: { [weak self] connection in self?.opened(connection) },
          lost: { [weak self] error in self?.lost(error) }))
    }
  }

  /// Lends a connection now, or when it is `request`'s turn, or answers why not.
  func enqueue(_ request: LeaseRequest) {
    guard request.begin() else { return }
    if isClosing { return request.end(.failure(.closed)) }
    guard waiting.count < limits.maxQueued else {
      return request.end(.failure(DatabaseError(.overloaded)))
    }
    guard request.deadline > loop.now else {
      return request.end(.failure(DatabaseError(.deadlineExceeded)))
    }
    waiting.append(request)
    request.timer = loop.schedule(at: request.deadline) { [weak self, weak request] in
      guard let request else { return }
      self?.giveUp(request, DatabaseError(.deadlineExceeded))
    }
    serve()
  }

  func giveUp(_ request: LeaseRequest, _ error: DatabaseError) {
    waiting.removeAll { $0 === request }
    request.end(.failure(error))
  }

  /// Takes a connection back; one that is not clean is closed.
  func giveBack(_ connection: Connection) {
    lent -= 1
    if connection.isIdle, !isClosing {
      idle.append((connection, loop.now))
      armIdleTimer()
    } else {
      discard(connection)
    }
    serve()
    noteIfDrained()
  }

  private func discard(_ connection: Connection) {
    // The keeper of a connection that was lost has let go of it already.
    guard let keeper = keepers.first(where: { $0.connection === connection }) else { return }
    keeper.close()
  }

  private func serve() {
    while !waiting.isEmpty, let free = idle.popLast() {
      guard free.connection.isIdle else {
        discard(free.connection)
        continue
      }
      guard let request = waiting.popFirst() else { return }
      lent += 1
      request.end(.success(Lease(connection: free.connection)))
    }
    guard !isClosing else { return }
    var opening = keepers.count(where: \.isOpening)
    while opening < min(waiting.count, Self.maxOpening),
      let closed = keepers.first(where: \.isClosed)
    {
      closed.open()
      opening += 1
    }
  }

  // MARK: Connections

  private var needsConnection: Bool {
    let opening = keepers.count(where: \.isOpening)
    return !isClosing && opening < min(waiting.count, Self.maxOpening)
  }

  private func opened(_ connection: Connection) {
    downSince = nil
    idle.append((connection, loop.now))
    armIdleTimer()
    serve()
  }

  private func lost(_ error: DatabaseError) {
    idle.removeAll { !$0.connection.isOpen }
    guard keepers.allSatisfy({ $0.connection == nil }) else { return }
    let since = downSince ?? loop.now
    downSince = since
    guard since.duration(to: loop.now) >= limits.patience else { return }
    let refused = waiting
    waiting.removeAll()
    let reason = DatabaseError(.unavailable, sqlState: error.sqlState, message: error.message)
    for request in refused { request.end(.failure(reason)) }
  }

  private func armIdleTimer() {
    guard idleTimer == nil, !idle.isEmpty else { return }
    idleTimer = loop.schedule(after: limits.idle) { [weak self] in
      guard let self else { return }
      idleTimer = nil
      let now = loop.now
      let stale = idle.filter { $0.since.duration(to: now) >= self.limits.idle }
      idle.removeAll { $0.since.duration(to: now) >= self.limits.idle }
      for entry in stale { discard(entry.connection) }
      armIdleTimer()
    }
  }

  // MARK: Ending

  /// Refuses new transactions and tells `done` when the last one has ended.
  func drain(_ done: @escaping () -> Void) {
    isClosing = true
    drained = done
    refuseWaiting()
    noteIfDrained()
  }

  /// Ends all connections, and with them the transactions that still run.
  func close() {
    isClosing = true
    idleTimer?.cancel()
    idleTimer = nil
    refuseWaiting()
    idle.removeAll()
    for keeper in keepers { keeper.close() }
  }

  private func refuseWaiting() {
    let refused = waiting
    waiting.removeAll()
    for request in refused { request.end(.failure(.closed)) }
  }

  private func noteIfDrained() {
    guard let drained, lent == 0 else { return }
    self.drained = nil
    drained()
  }
}
