internal import FoundationEssentials

/// Calls that share one Sync: the steps they make, and the handing out of answers.
struct CallGroup {
  /// What is left to do when the group has ended.
  struct Rest {
    /// To be run again, in this order and ahead of what waits.
    var again: [Call] = []
    /// The server has become one that takes no writes: look for another.
    var serverIsReadOnly = false
  }

  private let calls: [Call]
  /// Rank of each call's own step.
  private var ranks: [Int] = []
  private var steps: [Batch.Step] = []

  /// The tenant is set ahead of a call whenever it is not that of the call before: a call
  /// without a tenant never runs with a neighbour's.
  init(_ calls: [Call]) {
    self.calls = calls
    steps.reserveCapacity(calls.count * 2)
    ranks.reserveCapacity(calls.count)
    // A transaction begins without a tenant: what is set for one ends with it.
    var tenant: UUID?
    for call in calls {
      if call.tenant != tenant {
        steps.append(.tenant(call.tenant))
        tenant = call.tenant
      }
      ranks.append(steps.count)
      steps.append(.statement(call.statement, call.parameters))
    }
  }

  /// The batch to send. When it has ended the calls get their answers, and `settled` the rest.
  func batch(_ settled: @escaping (Rest) -> Void) -> Batch {
    Batch(steps, calls: calls) { batch, end in settled(settle(batch, end)) }
  }

  private func settle(_ batch: Batch, _ end: Batch.End) -> Rest {
    let failure = batch.failure.map {
      GroupSettlement.Failure(
        member: ranks.firstIndex(of: $0.step), error: $0.error, isStale: $0.isStale)
    }
    if case .synced = end, failure == nil, !batch.isDoubtful {
      for index in calls.indices { answer(calls[index], batch.results[ranks[index]]) }
      return Rest()
    }
    let members = calls.map {
      GroupSettlement.Member(
        writes: $0.writes, conflicts: $0.conflicts, losses: $0.losses, wasStale: $0.wasStale,
        wasUndone: $0.wasUndone)
    }
    let verdicts = GroupSettlement.verdicts(
      on: members, end: end, failure: failure, isDoubtful: batch.isDoubtful)
    var rest = Rest(serverIsReadOnly: failure?.error.kind == .readOnly)
    var loners: [Call] = []
    for index in calls.indices where !calls[index].isDone {
      let call = calls[index]
      switch verdicts[index] {
      case .answer: answer(call, batch.results[ranks[index]])
      case .fail(let error): call.finish(.failure(error))
      case .again(.shared):
        call.wasUndone = true
        rest.again.append(call)
      case .again(.alone):
        note(end, failure, on: call, isLone: calls.count == 1)
        loners.append(call)
      }
    }
    rest.again += loners
    return rest
  }

  private func answer(_ call: Call, _ result: QueryResult?) {
    guard let result else {
      return call.finish(.failure(DatabaseError(.misuse("a statement ended without a result"))))
    }
    call.finish(.success(result))
  }

  private func note(
    _ end: Batch.End, _ failure: GroupSettlement.Failure?, on call: Call, isLone: Bool
  ) {
    call.runsAlone = true
    guard case .synced = end else {
      call.losses += 1
      return
    }
    guard isLone, let failure else { return }
    if failure.isStale { call.wasStale = true }
    if failure.error.isConflict { call.conflicts += 1 }
  }
}
