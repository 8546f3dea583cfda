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

  /// Lookups that are one step.
  private struct Joint {
    let first: Call
    let rank: Int
    var ids: [UUID]
  }

  private let calls: [Call]
  /// Rank of each call's step.
  private var ranks: [Int] = []
  private var steps: [Batch.Step] = []
  private var joints: [Joint] = []

  /// The tenant is set ahead of a call whenever it is not that of the call before: a call
  /// without a tenant never runs with a neighbour's.
  init(_ calls: [Call]) {
    self.calls = calls
    steps.reserveCapacity(calls.count * 2)
    ranks.reserveCapacity(calls.count)
    // A transaction begins without a tenant: what is set for one ends with it.
    var tenant: UUID?
    for call in calls {
      if let id = call.id, let joint = joints.firstIndex(where: { $0.first.joins(call) }) {
        joints[joint].ids.append(id)
        ranks.append(joints[joint].rank)
        continue
      }
      if call.tenant != tenant {
        steps.append(.tenant(call.tenant))
        tenant = call.tenant
      }
      if let id = call.id { joints.append(Joint(first: call, rank: steps.count, ids: [id])) }
      ranks.append(steps.count)
      steps.append(.statement(call.statement, call.parameters))
    }
    joints.removeAll { $0.ids.count == 1 }
    for joint in joints {
      steps[joint.rank] = .statement(
        joint.first.statement, joint.first.parameters(forAll: joint.ids))
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
    var answers = Answers(batch, of: joints.map(\.rank))
    if case .synced = end, failure == nil, !batch.isDoubtful {
      for (call, rank) in zip(calls, ranks) { call.finish(answers.answer(to: call, rank)) }
      return Rest()
    }
    let failedJoint = joints.first { $0.rank == batch.failure?.step }
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
      // Whose fault it was is not to be seen.
      let isInDoubt = ranks[index] == failedJoint?.rank
      switch isInDoubt ? .again(.alone) : verdicts[index] {
      case .answer: call.finish(answers.answer(to: call, ranks[index]))
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

/// The results of a batch, handed out to its calls.
private struct Answers {
  private let batch: Batch
  /// For each joint step the rows by id, once somebody has asked.
  private var rowsByID: [Int: Result<[UUID: Int], RowError>?]

  init(_ batch: Batch, of joints: [Int]) {
    self.batch = batch
    rowsByID = Dictionary(uniqueKeysWithValues: joints.map { ($0, nil) })
  }

  mutating func answer(to call: Call, _ rank: Int) -> Call.Answer {
    guard let result = batch.results[rank] else {
      return .failure(DatabaseError(.misuse("a statement ended without a result")))
    }
    guard let known = rowsByID[rank], let id = call.id, let column = call.statement.idColumn else {
      return .success(Answer(result))
    }
    let rows =
      known
      ?? Result { () throws(RowError) in try result.rows(byID: column) }
    rowsByID[rank] = rows
    do throws(RowError) {
      let row = try rows.get()[id]
      return .success(Answer(result, rows: row.map { $0..<($0 + 1) } ?? 0..<0))
    } catch {
      return .failure(DatabaseError(.decoding(error), message: call.statement.name))
    }
  }
}
