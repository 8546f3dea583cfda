internal import CLibpq
internal import DequeModule
internal import Reactor

/// One session in pipeline mode: batches go out one behind the other without waiting, and answers are
/// matched to them in the order they were sent.
///
/// The socket is read while there is still something to write, so neither side ever waits for the other
/// to read. Statements are prepared under their name with their first use, behind a Sync of their own, so
/// that a neighbour's failure never takes the preparation with it. Belongs to its loop's thread.
final class Connection {
  struct Limits: Sendable {
    /// Longest silence of the server while something is awaited from it.
    var stall: Duration
  }

  /// What the server's next answer is about.
  private enum Expected {
    case prepare(PreparedStatement)
    case describe(PreparedStatement)
    /// The Sync behind a preparation.
    case preparationSync
    case step(Batch, Int, PreparedStatement?)
    case sync(Batch)
  }

  let loop: EventLoop
  private let handle: SessionHandle
  private let limits: Limits
  private var watch: Watch?
  private var stallTimer: LoopTimer?
  private var expected = Deque<Expected>()
  private var prepared: [String: PreparedStatement] = [:]
  private var generation = 0
  private var parameters = ParameterBuffer()
  private var isFlushing = false
  /// Answers received, to tell a slow server from a silent one.
  private var progress: UInt64 = 0
  /// Ends of results in a row where the answer to a Sync is awaited.
  private var emptyAnswers = 0

  /// Batches whose Sync is not answered yet, oldest first.
  private(set) var inFlight = Deque<Batch>()
  private(set) var isOpen = true
  /// Called once when the connection ends without ``close()``, behind the completions of all its batches.
  var onLost: ((DatabaseError) -> Void)?
  var onNotification: ((_ channel: String, _ payload: String) -> Void)?

  /// Takes over a session that is connected and in pipeline mode.
  init(loop: EventLoop, handle: SessionHandle, limits: Limits) {
    self.loop = loop
    self.handle = handle
    self.limits = limits
  }

  deinit { handle.finish() }

  func start() throws(SystemError) {
    handle.reportNotices(to: self)
    watch = try loop.watch(descriptor: handle.socket, for: .read) { [weak self] readiness in
      self?.ready(readiness)
    }
  }

  /// Whether nothing is awaited and the session is outside any transaction.
  var isIdle: Bool { isOpen && expected.isEmpty && handle.isIdle }

  /// Ends the session. Batches in flight end as lost; ``onLost`` is not called.
  func close() {
    onLost = nil
    end(DatabaseError(.unavailable, message: "the connection was closed"), announced: false)
  }

  /// Gives the session up, as if the server had gone.
  func abandon(_ reason: String) {
    end(DatabaseError(.unavailable, message: reason), announced: false)
  }

  /// Gives the session up because its server takes no writes; the keeper begins with another host.
  func leaveReadOnlyServer() {
    end(
      DatabaseError(
        .unavailable, sqlState: .readOnlyTransaction, message: "the server takes no writes"),
      announced: false)
  }

  // MARK: Sending

  /// Sends `batch`, at the latest at the end of this turn of the loop.
  func send(_ batch: Batch) {
    guard isOpen else { return batch.finish(.lostUndone) }
    var statements: [PreparedStatement?] = []
    statements.reserveCapacity(batch.steps.count)
    for step in batch.steps {
      switch step {
      case .statement(let statement, _): statements.append(prepare(statement))
      case .tenant: statements.append(prepare(Self.setTenant))
      case .command: statements.append(nil)
      }
    }
    guard isOpen else { return batch.finish(.lostUndone) }
    inFlight.append(batch)
    for index in batch.steps.indices {
      guard sendStep(index, of: batch, statements[index]) else { return refused() }
    }
    expected.append(.sync(batch))
    guard handle.sendSync() else { return refused() }
    watchForStall()
    flushAtEndOfTurn()
  }

  private func sendStep(_ index: Int, of batch: Batch, _ statement: PreparedStatement?) -> Bool {
    expected.append(.step(batch, index, statement))
    switch batch.steps[index] {
    case .command(let sql): return handle.sendCommand(sql)
    case .tenant(let tenant): parameters.fill(tenant: tenant)
    case .statement(_, let values):
      parameters.fill(values, types: statement?.parameterTypes ?? [])
    }
    guard let statement else { return false }
    return handle.sendExecute(statement.name, parameters)
  }

  /// The statement as this connection has it; sends its preparation ahead the first time.
  private func prepare(_ statement: Statement) -> PreparedStatement? {
    if let known = prepared[statement.name] { return known }
    guard isOpen else { return nil }
    generation += 1
    // A name is never used twice on a connection, or a failed preparation could be mistaken for this one.
    let preparing = PreparedStatement(statement, name: "\(statement.name)#\(generation)")
    prepared[statement.name] = preparing
    expected.append(.prepare(preparing))
    expected.append(.describe(preparing))
    expected.append(.preparationSync)
    guard handle.sendPrepare(preparing.name, statement.sql), handle.sendDescribe(preparing.name),
      handle.sendSync()
    else {
      refused()
      return nil
    }
    return preparing
  }

  /// Whether this connection has another statement under `statement`'s name.
  func hasOther(than statement: Statement) -> Bool {
    guard let known = prepared[statement.name] else { return false }
    return known.statement.sql != statement.sql
  }

  private func refused() {
    abandon("libpq did not take a statement")
  }

  private func flushAtEndOfTurn() {
    guard !isFlushing else { return }
    isFlushing = true
    loop.atEndOfTurn { [weak self] in
      self?.isFlushing = false
      self?.flush()
    }
  }

  private func flush() {
    guard isOpen else { return }
    do throws(SystemError) {
      switch handle.flush() {
      case .done: try watch?.update(.read)
      case .pending: try watch?.update([.read, .write])
      case .broken: ready(.read)
      }
    } catch {
      abandon("\(error)")
    }
  }

  // MARK: Receiving

  private func ready(_ readiness: Readiness) {
    guard isOpen else { return }
    let isAlive = handle.consumeInput()
    receive()
    guard isOpen else { return }
    guard isAlive else {
      let message = ConnectFailure(libpqMessage: handle.errorMessage).message
      return end(DatabaseError(.unavailable, message: message), announced: false)
    }
    if readiness.contains(.write) { flush() }
  }

  private func receive() {
    while isOpen, let next = expected.first, !handle.isBusy {
      progress &+= 1
      if let result = handle.nextResult() {
        emptyAnswers = 0
        take(result, for: next)
      } else {
        endOfResults(of: next)
      }
    }
    // With nothing expected there may still be notices and notifications, which asking makes libpq parse.
    if isOpen, expected.isEmpty { _ = handle.isBusy }
    while isOpen, let notification = handle.nextNotification() {
      onNotification?(notification.channel, notification.payload)
    }
  }

  private func take(_ result: QueryResult, for next: Expected) {
    switch (result.status, next) {
    case (PGRES_PIPELINE_SYNC, .sync(let batch)):
      expected.removeFirst()
      inFlight.removeFirst()
      batch.finish(.synced)
    case (PGRES_PIPELINE_SYNC, .preparationSync):
      expected.removeFirst()
    case (PGRES_TUPLES_OK, .step(let batch, let index, _)),
      (PGRES_COMMAND_OK, .step(let batch, let index, _)):
      batch.results[index] = result
    case (PGRES_COMMAND_OK, .prepare):
      break
    case (PGRES_COMMAND_OK, .describe(let statement)):
      statement.parameterTypes = result.parameterTypes
      statement.state = .ready
    case (PGRES_PIPELINE_ABORTED, .step(let batch, _, _)) where batch.failure != nil:
      break
    case (PGRES_PIPELINE_ABORTED, .describe):
      break
    case (PGRES_FATAL_ERROR, _):
      failed(ServerError(result), next)
    default:
      abandon("the server answered out of turn")
    }
  }

  private func failed(_ failure: ServerError, _ next: Expected) {
    if failure.endsSession { return end(failure.error, announced: failure.error.sqlState != nil) }
    switch next {
    case .prepare(let statement), .describe(let statement):
      statement.state = .failed(failure.error)
      // The next use prepares it again: a table may be there by then.
      forget(statement)
    case .step(let batch, let index, let statement):
      batch.failure = batch.failure ?? verdict(on: statement, failure.error, step: index)
    case .sync(let batch):
      batch.failure =
        batch.failure
        ?? Batch.Failure(step: batch.steps.count, error: failure.error, isStale: false)
    case .preparationSync:
      abandon("the server refused a preparation")
    }
  }

  private func verdict(
    on statement: PreparedStatement?, _ error: DatabaseError, step: Int
  ) -> Batch.Failure {
    guard let statement else { return Batch.Failure(step: step, error: error, isStale: false) }
    if case .failed(let reason) = statement.state {
      return Batch.Failure(step: step, error: reason, isStale: false)
    }
    // 26000: somebody deallocated it. 0A000: `cached plan must not change result type`, a table changed.
    let isStale =
      error.sqlState == .unknownStatement || error.sqlState == .featureNotSupported
    if isStale { forget(statement) }
    return Batch.Failure(step: step, error: error, isStale: isStale)
  }

  private func forget(_ statement: PreparedStatement) {
    guard prepared[statement.statement.name] === statement else { return }
    prepared[statement.statement.name] = nil
  }

  private func endOfResults(of next: Expected) {
    switch next {
    case .step(let batch, let index, _) where batch.results[index] == nil && batch.failure == nil:
      abandon("the server left a statement unanswered")
    case .step, .prepare, .describe:
      expected.removeFirst()
    case .sync, .preparationSync:
      // Once behind an error that the Sync itself met; its own answer still comes.
      emptyAnswers += 1
      if emptyAnswers > 1 { abandon("the server left a Sync unanswered") }
    }
  }

  /// A notice or warning arrived.
  ///
  /// A warning in answer to a commit means that the wait for a synchronous standby was cut short: "the
  /// transaction has already committed locally, but might not have been replicated to the standby".
  func noticed(_ state: SQLState) {
    guard state.conditionClass == "01" || state.conditionClass == "57" else { return }
    switch expected.first {
    case .sync(let batch)?: batch.isDoubtful = true
    case .step(let batch, let index, _)? where batch.mayCommit(at: index): batch.isDoubtful = true
    default: break
    }
  }

  // MARK: Ending

  private func watchForStall() {
    guard stallTimer == nil, !expected.isEmpty else { return }
    let seen = progress
    stallTimer = loop.schedule(after: limits.stall) { [weak self] in
      guard let self else { return }
      stallTimer = nil
      if progress == seen, !expected.isEmpty {
        abandon("the server fell silent")
      } else {
        watchForStall()
      }
    }
  }

  /// - Parameter announced: the server said so, in answer to what is first in ``expected``; it has then
  ///   done nothing of what was sent behind.
  private func end(_ error: DatabaseError, announced: Bool) {
    guard isOpen else { return }
    isOpen = false
    watch?.cancel()
    watch = nil
    stallTimer?.cancel()
    stallTimer = nil
    // In answer to a Sync the commit may have been done before.
    var isHeadUndone = announced
    if case .sync? = expected.first { isHeadUndone = false }
    expected.removeAll()
    handle.finish()
    onNotification = nil
    let lost = inFlight
    inFlight.removeAll()
    for (index, batch) in lost.enumerated() {
      let isUndone = index == 0 ? isHeadUndone : announced
      batch.finish(isUndone ? .lostUndone : .lostInDoubt)
    }
    let onLost = onLost
    self.onLost = nil
    onLost?(error)
  }
}

extension Connection {
  /// Local to the transaction: the third argument.
  private static let setTenant = Statement(
    name: "postgres.set_tenant",
    sql: "select set_config('\(Scope.setting)', $1, true)", effect: .reads)
}
