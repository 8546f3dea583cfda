package import FoundationEssentials
package import Logging
package import Reactor

/// The database as everybody above sees it: single statements, transactions, hints and its state.
///
/// Every loop of the group has connections of its own, and a call made on a loop never leaves it. A call
/// made elsewhere is taken to one of them. Nothing connects before ``run()``; calls wait until then.
package final class Database: Sendable {
  private let loops: EventLoopGroup
  private let pools: [LoopPools]
  private let listener: Listener
  private let board: StateBoard
  private let configuration: DatabaseConfiguration
  private let logger: Logger
  private let stop: AsyncStream<Never>.Continuation
  private let stopped: AsyncStream<Never>

  /// A connection string that libpq does not understand.
  package struct ConfigurationError: Error, CustomStringConvertible {
    package let description: String
  }

  package init(
    configuration: DatabaseConfiguration, loops: EventLoopGroup, logger: Logger
  ) throws(ConfigurationError) {
    self.configuration = configuration
    self.loops = loops
    self.logger = logger
    (stopped, stop) = AsyncStream.makeStream()
    let app = try Self.parameters(configuration.app, "application", configuration)
    var worker: ConnectionParameters?
    if let endpoint = configuration.worker {
      worker = try Self.parameters(endpoint, "worker", configuration)
    }
    let timelines = TimelineGuard()
    let board = StateBoard(logger: logger)
    func factory(_ parameters: ConnectionParameters, _ loop: EventLoop) -> ConnectionFactory {
      ConnectionFactory(
        loop: loop, parameters: parameters,
        limits: Connection.Limits(stall: configuration.stallTimeout), timelines: timelines,
        timeout: configuration.connectTimeout)
    }
    pools = loops.loops.map { loop in
      LoopPools(
        loop: loop, configuration: configuration, app: factory(app, loop),
        worker: worker.map { factory($0, loop) }, board: board)
    }
    listener = Listener(factory(app, loops.loops[0]))
    self.board = board
  }

  private static func parameters(
    _ endpoint: DatabaseConfiguration.Endpoint, _ what: String,
    _ configuration: DatabaseConfiguration
  ) throws(ConfigurationError) -> ConnectionParameters {
    do throws(MalformedConnectionString) {
      return try ConnectionParameters(endpoint, configuration)
    } catch {
      throw ConfigurationError(description: "the \(what) role's database: \(error)")
    }
  }

  // MARK: Life

  /// Connects, keeps connected, and returns when it is cancelled or ``shutdown()`` is called: then new calls are
  /// refused, those on their way get their answers (within ``DatabaseConfiguration/drainTimeout``), and all
  /// connections are closed. To be called once. The loops must outlive it.
  package func run() async {
    for pools in pools { pools.open() }
    for await _ in stopped {}
    let timeout = configuration.drainTimeout
    await withDiscardingTaskGroup { group in
      for pools in pools { group.addTask { await pools.end(within: timeout) } }
    }
    listener.close()
    board.close()
  }

  /// Ends ``run()``, which returns when the last call is answered.
  package func shutdown() { stop.finish() }

  package var state: DatabaseState { board.state }

  /// The state now and after every change; ends with ``run()``. A slow reader misses states that were overtaken.
  package var states: AsyncStream<DatabaseState> { board.states() }

  // MARK: Statements

  /// Runs a query by itself and returns its rows.
  ///
  /// Calls made in one turn of a loop travel together and share one commit, but not their fate:
  /// each gets the answer it would have got alone. A write is reported when it is committed.
  package func rows<Row>(
    _ query: Query<Row>, _ parameters: [SQLValue] = [], in scope: Scope, deadline: Deadline
  ) async throws(DatabaseError) -> [Row] {
    try query.rows(of: try await run(query.statement, parameters, scope, deadline))
  }

  /// Runs a query that has one row or none.
  /// - Throws: `decoding` for more than one; a write is committed even then.
  package func row<Row>(
    _ query: Query<Row>, _ parameters: [SQLValue] = [], in scope: Scope, deadline: Deadline
  ) async throws(DatabaseError) -> Row? {
    try query.row(of: try await run(query.statement, parameters, scope, deadline))
  }

  /// Looks a tenant's row up by its id, together with the calls that do so at the same time.
  package func row<Row>(
    _ lookup: Lookup<Row>, _ id: UUID, of tenant: UUID, deadline: Deadline
  ) async throws(DatabaseError) -> Row? {
    let call = Call(lookup, LookupKey(tenant: tenant, id: id), deadline: deadline)
    return try lookup.query.row(of: try await run(call, as: .app))
  }

  /// Runs a statement and returns how many rows it touched.
  @discardableResult
  package func execute<Row>(
    _ query: Query<Row>, _ parameters: [SQLValue] = [], in scope: Scope, deadline: Deadline
  ) async throws(DatabaseError) -> Int {
    try await run(query.statement, parameters, scope, deadline).result.affectedRows
  }

  private func run(
    _ statement: Statement, _ parameters: [SQLValue], _ scope: Scope, _ deadline: Deadline
  ) async throws(DatabaseError) -> Answer {
    let call = Call(statement, parameters, tenant: scope.tenant, deadline: deadline)
    return try await run(call, as: scope.role)
  }

  private func run(_ call: Call, as role: Scope.Role) async throws(DatabaseError) -> Answer {
    try call.statement.check(call.parameters)
    return try await nearest.run(call, as: role).get()
  }

  /// The pools of the loop the caller is on, or of any.
  private var nearest: LoopPools {
    let loop = EventLoop.current
    if let pools = pools.first(where: { $0.loop === loop }) { return pools }
    let next = loops.next()
    return pools.first { $0.loop === next } ?? pools[0]
  }

  // MARK: Transactions

  /// How often a transaction may be run again from its beginning.
  package enum Retries: Sendable, Hashable {
    /// The body does things that must not be done twice.
    case never
    /// After a conflict with a concurrent transaction, or a connection lost before `commit`, at most so often.
    case upTo(Int)
  }

  /// Runs `body` between `begin` and `commit`, at isolation level read committed.
  ///
  /// What `body` throws rolls everything back and is thrown on. The deadline covers all of it, waiting for
  /// a connection and running again included.
  /// - Throws: ``DatabaseError`` `outcomeUnknown` when the reply to `commit` was lost: the transaction was done
  ///   entirely or not at all.
  package func transaction<Value: Sendable>(
    in scope: Scope, deadline: Deadline, retries: Retries = .never,
    _ body: (Transaction) async throws -> Value
  ) async throws -> Value {
    var left = retries.count
    let pools = nearest
    while true {
      let lent = try await pools.begin(scope, deadline: deadline)
      do {
        let value = try await body(lent.transaction)
        try await lent.transaction.commit()
        pools.end(lent)
        return value
      } catch {
        await lent.transaction.rollBack()
        pools.end(lent)
        guard left > 0, let error = error as? DatabaseError, error.allowsAnotherRun,
          !deadline.hasPassed, !Task.isCancelled
        else { throw error }
        left -= 1
      }
    }
  }

  // MARK: Hints

  /// Hints that somebody called `notify` on a channel. Read tables for the truth, at least once a second, and at every hint.
  package func hints(of channel: NotificationChannel) -> AsyncStream<NotificationHint> {
    listener.hints(of: channel)
  }
}

extension Database.Retries {
  fileprivate var count: Int {
    switch self {
    case .never: 0
    case .upTo(let count): count
    }
  }
}

extension DatabaseError {
  /// Nothing was done, and another run may go better.
  fileprivate var allowsAnotherRun: Bool { kind == .serialization || kind == .unavailable }
}
