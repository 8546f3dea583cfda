internal import FoundationEssentials
internal import Reactor

/// Everything of the database that belongs to one loop: for each role its lanes and its transactions.
// SAFETY: what varies is touched on `loop`'s thread only; every entry hands its work there.
final class LoopPools: @unchecked Sendable {
  private struct Pools {
    let reads: Lane
    let writes: Lane
    let transactions: TransactionPool
  }

  let loop: EventLoop
  private let app: Pools
  private let worker: Pools?
  private let all: [Pools]
  private let statementTimeout: Duration

  /// - Parameters:
  ///   - app: how to connect in the application's role.
  ///   - worker: how to connect in the role of background work; nil refuses it.
  init(
    loop: EventLoop, configuration: DatabaseConfiguration, app: ConnectionFactory,
    worker: ConnectionFactory?, board: StateBoard
  ) {
    self.loop = loop
    statementTimeout = configuration.statementTimeout
    func pools(_ factory: ConnectionFactory) -> Pools {
      var limits = Lane.Limits(
        connections: configuration.readConnections,
        maxCallsPerSync: max(1, configuration.maxCallsPerSync),
        maxQueued: configuration.maxQueuedCalls, patience: configuration.patience,
        gathering: configuration.gathering)
      let seat = board.seat()
      let reads = Lane(factory, limits) { board.report($0, from: seat) }
      limits.connections = configuration.writeConnections
      // The reads' lane, which connects first and always, speaks for the role.
      let writes = Lane(factory, limits) { _ in }
      let transactions = TransactionPool(
        factory,
        TransactionPool.Limits(
          connections: configuration.transactionConnections,
          maxQueued: configuration.maxQueuedTransactions, patience: configuration.patience,
          idle: configuration.idleTimeout))
      return Pools(reads: reads, writes: writes, transactions: transactions)
    }
    self.app = pools(app)
    self.worker = worker.map(pools)
    all = [self.app] + [self.worker].compactMap(\.self)
  }

  private func pools(_ role: Scope.Role) -> Pools? {
    switch role {
    case .app: app
    case .worker: worker
    }
  }

  /// Connects.
  func open() {
    loop.perform { for pools in self.all { pools.reads.open() } }
  }

  // MARK: Calls

  func run(_ call: Call, as role: Scope.Role) async -> Call.Answer {
    await call.answer {
      loop.perform { self.lane(of: call, role)?.enqueue(call) ?? Self.refuse(call) }
    } cancel: { [self] in
      loop.submit {
        call.cancel { self.lane(of: call, role)?.giveUp(call, DatabaseError(.cancelled)) }
      }
    }
  }

  private func lane(of call: Call, _ role: Scope.Role) -> Lane? {
    pools(role).map { call.writes ? $0.writes : $0.reads }
  }

  private static func refuse(_ request: Request<some Sendable>) {
    guard request.begin() else { return }
    request.finish(.failure(DatabaseError(.misuse("no worker role is configured"))))
  }

  // MARK: Transactions

  /// A transaction on a connection of its own. Must be handed back to ``end(_:as:)``.
  func begin(_ scope: Scope, deadline: Deadline) async throws(DatabaseError) -> LentTransaction {
    let request = LeaseRequest(deadline: deadline)
    let role = scope.role
    let answer = await request.answer {
      loop.perform { self.pools(role)?.transactions.enqueue(request) ?? Self.refuse(request) }
    } cancel: { [self] in
      loop.submit {
        request.cancel {
          self.pools(role)?.transactions.giveUp(request, DatabaseError(.cancelled))
        }
      }
    }
    let lease = try answer.get()
    return LentTransaction(
      lease: lease, role: role,
      transaction: Transaction(
        loop: loop, connection: lease.connection, tenant: scope.tenant, deadline: deadline,
        statementTimeout: statementTimeout))
  }

  func end(_ lent: LentTransaction) {
    loop.perform { [self] in
      let connection = lent.lease.connection
      if lent.transaction.metReadOnlyServer {
        connection.leaveReadOnlyServer()
      } else if !lent.transaction.leavesConnectionClean {
        connection.abandon("a transaction left it with an answer to come")
      }
      pools(lent.role)?.transactions.giveBack(connection)
    }
  }

  // MARK: Ending

  /// Refuses new work, waits until all there was is answered, at most for `timeout`, and closes all
  /// connections. Cancellation does not shorten it.
  func end(within timeout: Duration) async {
    let request = Request<Void>()
    _ = await request.answer {
      loop.perform { self.end(request, within: timeout) }
    } cancel: {
    }
  }

  private func end(_ request: Request<Void>, within timeout: Duration) {
    guard request.begin() else { return }
    let close = { [self] in
      guard !request.isDone else { return }
      for pools in all {
        pools.reads.close()
        pools.writes.close()
        pools.transactions.close()
      }
      request.finish(.success(()))
    }
    let timer = loop.schedule(after: timeout, close)
    var left = all.count * 3
    let one = {
      left -= 1
      guard left == 0 else { return }
      timer.cancel()
      close()
    }
    for pools in all {
      pools.reads.drain(one)
      pools.writes.drain(one)
      pools.transactions.drain(one)
    }
  }
}

/// A transaction and what it runs on.
struct LentTransaction: Sendable {
  let lease: Lease
  let role: Scope.Role
  let transaction: Transaction
}

extension EventLoop {
  /// Runs `work` on the loop: at once when this is its thread.
  func perform(_ work: @escaping @Sendable () -> Void) {
    if isCurrent { work() } else { submit(work) }
  }
}
