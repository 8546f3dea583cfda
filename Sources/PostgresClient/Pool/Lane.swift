internal import DequeModule
internal import Reactor

/// The pipelined connections of one loop, role and direction, and the calls that wait for them.
///
/// Calls that arrive while the loop turns leave together at its end, behind one Sync. While the server works on two
/// such groups, further calls wait and make the next group larger: the busier the database, the
/// cheaper each call. Lookups of one group are one statement, so they form groups of their own and wait for
/// each other a little more (``Gathering``). Groups are one implicit transaction each, so when one call fails,
/// its neighbours are run again, alone, and never see it (``GroupSettlement``). Belongs to its loop's thread.
final class Lane {
  struct Limits {
    var connections: Int
    var maxCallsPerSync: Int
    var maxQueued: Int
    var patience: Duration
    var gathering: Duration
  }

  /// The group of lookups that was sent last, until it is answered. Further ones wait for that, so that
  /// they are one statement instead of several small ones on connections that happen to be free; but not
  /// once there are enough for a full group, nor for longer than ``Limits/gathering``: a connection may
  /// hang, or the server read from disk.
  private struct Gathering {
    let groupNumber: Int
    let end: MonotonicInstant
  }

  /// Groups on one connection at a time: one the server works on and one that is there when it is done.
  private static let maxGroups = 2
  /// Calls that run alone on one connection at a time.
  private static let maxLoners = 16

  private let loop: EventLoop
  private let limits: Limits
  private let changed: (State) -> Void
  private var keepers: [ConnectionKeeper] = []
  private var queue = CallQueue()
  private var isSending = false
  private var gathering: Gathering?
  private var lastGroupNumber = 0
  private var gatheringEnd: LoopTimer?
  private var expiry: LoopTimer?
  private var expiresAt = MonotonicInstant.distantFuture
  private var outage: Outage?
  private var isClosing = false
  private var drained: (() -> Void)?

  private struct Outage {
    var reason: DatabaseError
    /// Calls are refused from its end on.
    var patience: LoopTimer?
    var isPatienceOver = false
  }

  enum State {
    case up
    case down(DatabaseError)
  }

  /// - Parameter changed: called when the first connection comes and when the last one goes.
  init(
    _ factory: ConnectionFactory, _ limits: Limits, changed: @escaping (State) -> Void
  ) {
    self.loop = factory.loop
    self.limits = limits
    self.changed = changed
    for _ in 0..<max(1, limits.connections) {
      keepers.append(
        ConnectionKeeper(
          factory,
          isWanted: { [weak self] in self?.needsConnection ?? false },
          opened: { [weak self] connection in self?.opened(connection) },
          lost: { [weak self] error in self?.lost(error) }))
    }
  }

  /// Connects for the first time.
  func open() {
    guard !isClosing, keepers.allSatisfy(\.isClosed) else { return }
    beginOutage(DatabaseError(.unavailable, message: "not connected yet"))
    keepers[0].open()
  }

  // MARK: Calls

  /// Takes `call` up, or answers at once why not.
  func enqueue(_ call: Call) {
    guard call.begin() else { return }
    if isClosing { return call.finish(.failure(.closed)) }
    if let outage, outage.isPatienceOver { return call.finish(.failure(outage.reason)) }
    guard queue.count < limits.maxQueued else {
      return call.finish(.failure(DatabaseError(.overloaded)))
    }
    guard call.deadline > loop.now else {
      return call.finish(.failure(DatabaseError(.deadlineExceeded)))
    }
    open()
    queue.append(call)
    if call.deadline < expiresAt { armExpiry(at: call.deadline) }
    sendAtEndOfTurn()
  }

  /// Answers `call` with `error`, wherever it is. What was sent goes on; its answer is thrown away.
  func giveUp(_ call: Call, _ error: DatabaseError) {
    guard !call.isDone else { return }
    if queue.remove(call) {
      call.finish(.failure(error))
      noteIfDrained()
    } else {
      call.finish(.failure(call.writes ? DatabaseError(.outcomeUnknown) : error))
    }
  }

  private func sendAtEndOfTurn() {
    guard !isSending else { return }
    isSending = true
    loop.atEndOfTurn { [weak self] in
      self?.isSending = false
      self?.send()
    }
  }

  private func send() {
    while let kind = queue.next(lookupsWait: lookupsWait()) {
      let loads = keepers.compactMap { keeper in
        keeper.connection.map { (connection: $0, groups: $0.inFlight.count) }
      }
      let limit = queue.runsAlone(kind) ? Self.maxLoners : Self.maxGroups
      let free = loads.filter { $0.groups < limit }
      guard let least = free.min(by: { $0.groups < $1.groups }) else {
        if !loads.isEmpty, !keepers.contains(where: \.isOpening) {
          keepers.first(where: \.isClosed)?.open()
        }
        return
      }
      let group = queue.takeGroup(of: kind, shares: free.count, limit: limits.maxCallsPerSync)
      send(group, of: kind, on: least.connection)
    }
  }

  /// Whether lookups are to wait for more of them. Sees to it that they do not wait too long.
  private func lookupsWait() -> Bool {
    guard let gathering, queue.lookupCount < limits.maxCallsPerSync, loop.now < gathering.end else {
      return false
    }
    if gatheringEnd == nil, queue.lookupCount > 0 {
      gatheringEnd = loop.schedule(at: gathering.end) { [weak self] in
        self?.gatheringEnd = nil
        self?.sendAtEndOfTurn()
      }
    }
    return true
  }

  private func send(_ group: [Call], of kind: CallQueue.Kind, on connection: Connection) {
    var last: Statement?
    let fitting = group.filter { call in
      if call.statement == last { return true }
      last = call.statement
      guard connection.hasOther(than: call.statement) else { return true }
      let rule = "two statements are named \(call.statement.name)"
      call.finish(.failure(DatabaseError(.misuse(rule))))
      last = nil
      return false
    }
    guard !fitting.isEmpty else { return }
    lastGroupNumber += 1
    let number = lastGroupNumber
    if kind == .lookups {
      gathering = Gathering(groupNumber: number, end: loop.now.advanced(by: limits.gathering))
    }
    let batch = CallGroup(fitting).batch { [weak self, weak connection] rest in
      if rest.serverIsReadOnly { connection?.leaveReadOnlyServer() }
      if self?.gathering?.groupNumber == number { self?.gathering = nil }
      self?.settled(rest)
    }
    connection.send(batch)
  }

  private func settled(_ rest: CallGroup.Rest) {
    if isClosing {
      for call in rest.again { call.finish(.failure(.closed)) }
    } else {
      queue.putBack(rest.again)
      for call in rest.again where call.deadline < expiresAt { armExpiry(at: call.deadline) }
    }
    if !queue.isEmpty { sendAtEndOfTurn() }
    noteIfDrained()
  }

  // MARK: Deadlines

  /// One timer, at the earliest deadline of all, serves every call: most are answered long before.
  private func armExpiry(at instant: MonotonicInstant) {
    expiry?.cancel()
    expiresAt = instant
    expiry = loop.schedule(at: instant) { [weak self] in self?.expire() }
  }

  private func expire() {
    expiry = nil
    expiresAt = .distantFuture
    let now = loop.now
    var next = MonotonicInstant.distantFuture
    queue.removeAll { call in
      guard call.deadline <= now else {
        next = min(next, call.deadline)
        return false
      }
      call.finish(.failure(DatabaseError(.deadlineExceeded)))
      return true
    }
    for keeper in keepers {
      for batch in keeper.connection?.inFlight ?? [] {
        for call in batch.calls where !call.isDone {
          if call.deadline <= now {
            giveUp(call, DatabaseError(.deadlineExceeded))
          } else {
            next = min(next, call.deadline)
          }
        }
      }
    }
    if next < .distantFuture { armExpiry(at: next) }
    noteIfDrained()
  }

  // MARK: Connections

  /// Only one connection is tried while there is none, however many there were: the others come with need.
  private var needsConnection: Bool {
    guard !isClosing, !keepers.contains(where: \.isOpening) else { return false }
    return !queue.isEmpty || keepers.allSatisfy { $0.connection == nil }
  }

  private func opened(_ connection: Connection) {
    if let outage {
      outage.patience?.cancel()
      self.outage = nil
      changed(.up)
    }
    if !queue.isEmpty { sendAtEndOfTurn() }
  }

  private func lost(_ error: DatabaseError) {
    guard keepers.allSatisfy({ $0.connection == nil }) else { return }
    guard !isClosing else { return refuseAll(.failure(.closed)) }
    let reason = DatabaseError(.unavailable, sqlState: error.sqlState, message: error.message)
    beginOutage(reason)
    changed(.down(reason))
  }

  private func beginOutage(_ reason: DatabaseError) {
    guard outage == nil else {
      outage?.reason = reason
      return
    }
    let patience = loop.schedule(after: limits.patience) { [weak self] in self?.losePatience() }
    outage = Outage(reason: reason, patience: patience)
  }

  private func losePatience() {
    guard let outage else { return }
    self.outage?.isPatienceOver = true
    refuseAll(.failure(outage.reason))
  }

  /// Answers all calls that wait.
  private func refuseAll(_ answer: Call.Answer) {
    for call in queue.takeAll() { call.finish(answer) }
    noteIfDrained()
  }

  // MARK: Ending

  /// Refuses new calls and tells `done` when the last one is answered.
  func drain(_ done: @escaping () -> Void) {
    isClosing = true
    drained = done
    if outage == nil { noteIfDrained() } else { refuseAll(.failure(.closed)) }
  }

  /// Ends all connections; what is on its way ends as lost.
  func close() {
    isClosing = true
    expiry?.cancel()
    expiry = nil
    gatheringEnd?.cancel()
    gatheringEnd = nil
    outage?.patience?.cancel()
    for keeper in keepers { keeper.close() }
    refuseAll(.failure(.closed))
  }

  private func noteIfDrained() {
    guard let drained, queue.isEmpty,
      keepers.allSatisfy({ $0.connection?.inFlight.isEmpty ?? true })
    else { return }
    self.drained = nil
    drained()
  }
}
