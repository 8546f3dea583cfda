package import FoundationEssentials
internal import Reactor

/// An interactive transaction: one connection from `begin` to `commit`, read committed.
///
/// Given to the body of ``Database/transaction(in:deadline:retries:_:)`` and of no use after it. `begin` and the
/// tenant travel with the first statement. After the first failed statement every other fails with the
/// same error, because the server has given the transaction up.
// SAFETY: what varies is touched on `loop`'s thread only; every entry hands its work there.
package final class Transaction: @unchecked Sendable {
  static let beginCommand = "begin isolation level read committed"
  static let commitCommand = "commit"
  static let rollbackCommand = "rollback"

  private let loop: EventLoop
  private let connection: Connection
  private let tenant: UUID?
  private let deadline: Deadline
  private let statementTimeout: Duration
  /// The server has, or will have, an open transaction.
  private var hasBegun = false
  private var hasEnded = false
  /// What the first failed statement failed with.
  private var failure: DatabaseError?
  /// An answer is still to come that nobody waits for: the connection is of no more use.
  private var isAbandoned = false

  init(
    loop: EventLoop, connection: Connection, tenant: UUID?, deadline: Deadline,
    statementTimeout: Duration
  ) {
    self.loop = loop
    self.connection = connection
    self.tenant = tenant
    self.deadline = deadline
    self.statementTimeout = statementTimeout
  }

  /// Runs a query and returns its rows.
  package func rows<Row>(
    _ query: Query<Row>, _ parameters: [SQLValue] = []
  ) async throws(DatabaseError) -> [Row] {
    try query.rows(of: try await run(query.statement, parameters))
  }

  /// Runs a query that has one row or none.
  /// - Throws: `decoding` for more than one, besides what the server says.
  package func row<Row>(
    _ query: Query<Row>, _ parameters: [SQLValue] = []
  ) async throws(DatabaseError) -> Row? {
    try query.row(of: try await run(query.statement, parameters))
  }

  /// Looks a row of the transaction's tenant up by its id.
  /// - Throws: `misuse` when it has no tenant, besides what the server says.
  package func row<Row>(
    _ lookup: Lookup<Row>, _ id: UUID
  ) async throws(DatabaseError) -> Row? {
    guard let tenant else {
      throw DatabaseError(.misuse("\(lookup.statement.name) in a transaction without a tenant"))
    }
    let key = LookupKey(tenant: tenant, id: id)
    return try lookup.query.row(of: try await run(Call(lookup, key, deadline: deadline)))
  }

  /// Runs a statement and returns how many rows it touched.
  @discardableResult
  package func execute<Row>(
    _ query: Query<Row>, _ parameters: [SQLValue] = []
  ) async throws(DatabaseError) -> Int {
    try await run(query.statement, parameters).result.affectedRows
  }

  private func run(
    _ statement: Statement, _ parameters: [SQLValue]
  ) async throws(DatabaseError) -> Answer {
    try await run(Call(statement, parameters, tenant: tenant, deadline: deadline))
  }

  private func run(_ call: Call) async throws(DatabaseError) -> Answer {
    try call.statement.check(call.parameters)
    let answer = await call.answer {
      loop.perform { self.begin(call) }
    } cancel: { [loop] in
      loop.submit { call.cancel { self.abandon(call, DatabaseError(.cancelled)) } }
    }
    return try answer.get()
  }

  // MARK: On the loop

  private func begin(_ call: Call) {
    guard call.begin() else { return }
    if let error = refusal(of: call) { return call.finish(.failure(error)) }
    var steps: [Batch.Step] = []
    if !hasBegun {
      hasBegun = true
      steps.append(.command(Self.beginCommand))
      let timeout = min(statementTimeout, max(.milliseconds(1), deadline.remaining))
      steps.append(
        .statement(
          Self.settings,
          [
            .text(tenant?.uuidString ?? ""),
            .text(String(timeout.saturatingNanoseconds / 1_000_000 + 1)),
          ]))
    }
    let rank = steps.count
    steps.append(.statement(call.statement, call.parameters))
    let timer = loop.schedule(at: call.deadline) { [weak self, weak call] in
      guard let call else { return }
      self?.abandon(call, DatabaseError(.deadlineExceeded))
    }
    connection.send(
      Batch(steps, calls: [call]) { [self] batch, end in
        timer.cancel()
        answered(call, rank, batch, end)
      })
  }

  /// Why a statement is not sent.
  private func refusal(of call: Call) -> DatabaseError? {
    if hasEnded { return DatabaseError(.misuse("the transaction has ended")) }
    if let failure { return failure }
    guard connection.isOpen else {
      return DatabaseError(.unavailable, message: "the transaction's connection was lost")
    }
    if connection.hasOther(than: call.statement) {
      return DatabaseError(.misuse("two statements are named \(call.statement.name)"))
    }
    return call.deadline > loop.now ? nil : DatabaseError(.deadlineExceeded)
  }

  private func answered(_ call: Call, _ rank: Int, _ batch: Batch, _ end: Batch.End) {
    guard case .synced = end else {
      // Nothing is in doubt: `commit` was not sent.
      return fail(call, DatabaseError(.unavailable, message: "the connection was lost"))
    }
    if let failure = batch.failure {
      // A statement that went stale is prepared anew, but this transaction has been given up.
      return fail(
        call,
        failure.isStale
          ? DatabaseError(.serialization, sqlState: failure.error.sqlState) : failure.error)
    }
    guard let result = batch.results[rank] else {
      return fail(call, DatabaseError(.misuse("a statement ended without a result")))
    }
    call.finish(.success(Answer(result)))
  }

  private func fail(_ call: Call, _ error: DatabaseError) {
    failure = failure ?? error
    call.finish(.failure(failure ?? error))
  }

  private func abandon(_ call: Call, _ error: DatabaseError) {
    isAbandoned = true
    fail(call, error)
  }

  // MARK: Ending

  /// Commits, if anything was begun. Cancellation does not reach it; the deadline does.
  /// - Throws: the error of a statement that failed, after rolling back; `outcomeUnknown` when the reply is lost.
  func commit() async throws(DatabaseError) {
    let request = Request<Void>()
    let answer = await request.answer {
      loop.perform { self.commit(request) }
    } cancel: {
    }
    try answer.get()
  }

  private func commit(_ request: Request<Void>) {
    guard request.begin() else { return }
    hasEnded = true
    guard failure == nil, hasBegun else {
      return rollBack(thenAnswer: request, failure.map { .failure($0) } ?? .success(()))
    }
    guard !deadline.hasPassed else {
      return rollBack(thenAnswer: request, .failure(DatabaseError(.deadlineExceeded)))
    }
    guard connection.isOpen else {
      return request.finish(
        .failure(DatabaseError(.unavailable, message: "the transaction's connection was lost")))
    }
    let timer = loop.schedule(at: deadline.instant) { [self] in
      isAbandoned = true
      request.finish(.failure(DatabaseError(.outcomeUnknown)))
    }
    hasBegun = false
    connection.send(
      Batch([.command(Self.commitCommand)]) { batch, end in
        timer.cancel()
        request.finish(Self.outcome(of: batch, end))
      })
  }

  private static func outcome(of batch: Batch, _ end: Batch.End) -> Request<Void>.Answer {
    switch end {
    case .lostInDoubt, .lostUndone: return .failure(DatabaseError(.outcomeUnknown))
    case .synced:
      if let failure = batch.failure { return .failure(failure.error) }
      if batch.isDoubtful { return .failure(DatabaseError(.outcomeUnknown)) }
      // A transaction in which something failed answers `commit` with ROLLBACK.
      return batch.results[0]?.commandTag == "COMMIT"
        ? .success(()) : .failure(DatabaseError(.server, sqlState: .abortedTransaction))
    }
  }

  /// Undoes everything. Neither cancellation nor an unreachable server keeps it from ending.
  func rollBack() async {
    let request = Request<Void>()
    let answer = await request.answer {
      loop.perform {
        guard request.begin() else { return }
        self.hasEnded = true
        self.rollBack(thenAnswer: request, .success(()))
      }
    } cancel: {
    }
    // Always the success given above: whether or not the server hears of it, it will not commit.
    _ = answer
  }

  private func rollBack(thenAnswer request: Request<Void>, _ answer: Request<Void>.Answer) {
    // The server rolls back by itself what its client leaves.
    guard hasBegun, connection.isOpen, !isAbandoned else { return request.finish(answer) }
    let timer = loop.schedule(after: Self.longestRollback) { [self] in
      isAbandoned = true
      request.finish(answer)
    }
    hasBegun = false
    connection.send(
      Batch([.command(Self.rollbackCommand)]) { _, _ in
        timer.cancel()
        request.finish(answer)
      })
  }

  /// Whether the connection may be lent again, as far as this transaction knows. On the loop.
  var leavesConnectionClean: Bool { !isAbandoned }

  /// Whether the server refused a write because it takes none. On the loop.
  var metReadOnlyServer: Bool { failure?.kind == .readOnly }

  private static let longestRollback: Duration = .seconds(2)

  /// Both local to the transaction: the third argument.
  private static let settings = Statement(
    name: "postgres.begin",
    sql: """
      select
        set_config('\(Scope.setting)', $1, true),
        set_config('statement_timeout', $2, true)
      """, effect: .reads)
}
