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

  /// Calls of one lookup: they are one step.
  private struct Joint {
    let statement: Statement
    let rank: Int
    /// What it asks for, each once.
    private(set) var keys: [LookupKey] = []
    private var ranks: [LookupKey: Int] = [:]

    /// - Parameter most: how many calls there may be.
    init(_ statement: Statement, rank: Int, most: Int) {
      self.statement = statement
      self.rank = rank
      keys.reserveCapacity(most)
      ranks.reserveCapacity(most)
    }

    func serves(_ call: Call) -> Bool { statement.name == call.statement.name }

    /// The rank of a key among those it asks for.
    mutating func rank(of key: LookupKey) -> Int {
      let rank = keys.count
      // Nearly always it is new: then it is looked for once.
      if let known = ranks.updateValue(rank, forKey: key) {
        ranks[key] = known
        return known
      }
      keys.append(key)
      return rank
    }
  }

  private let calls: [Call]
  /// Rank of each call's step.
  private var ranks: [Int] = []
  /// Rank of each call's key among those of its joint; 0 for a call of no lookup.
  private var keyRanks: [Int] = []
  private var steps: [Batch.Step] = []
  private var joints: [Joint] = []

  /// The tenant is set ahead of a call whenever it is not known to be the one that is set: a call
  /// without a tenant never runs with a neighbour's.
  init(_ calls: [Call]) {
    self.calls = calls
    steps.reserveCapacity(calls.count * 2)
    ranks.reserveCapacity(calls.count)
    keyRanks.reserveCapacity(calls.count)
    // A transaction begins without a tenant: what is set for one ends with it.
    var known: UUID?? = .some(nil)
    for call in calls {
      if let key = call.key, let joint = joints.firstIndex(where: { $0.serves(call) }) {
        ranks.append(joints[joint].rank)
        keyRanks.append(joints[joint].rank(of: key))
        continue
      }
      if known != .some(call.tenant) { steps.append(.tenant(call.tenant)) }
      known = .some(call.tenant)
      ranks.append(steps.count)
      keyRanks.append(0)
      if let key = call.key {
        var joint = Joint(call.statement, rank: steps.count, most: calls.count)
        _ = joint.rank(of: key)
        joints.append(joint)
        // A lookup sets the tenant for each of its rows, and leaves the last one. It is planned
        // with this one.
        known = nil
      }
      steps.append(.statement(call.statement, call.parameters))
    }
    for joint in joints {
      steps[joint.rank] = .statement(joint.statement, LookupKey.parameters(joint.keys))
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
      let rows = rowsOfJoints(batch)
      for index in calls.indices { calls[index].finish(answer(to: index, batch, rows)) }
      return Rest()
    }
    // Whose fault it was is not to be seen.
    let inDoubt = batch.failure.flatMap { failure in
      ranks.count { $0 == failure.step } > 1 ? failure.step : nil
    }
    let members = calls.map {
      GroupSettlement.Member(
        writes: $0.writes, conflicts: $0.conflicts, losses: $0.losses, wasStale: $0.wasStale,
        wasUndone: $0.wasUndone)
    }
    let verdicts = GroupSettlement.verdicts(
      on: members, end: end, failure: failure, isDoubtful: batch.isDoubtful)
    let rows = rowsOfJoints(batch)
    var rest = Rest(serverIsReadOnly: failure?.error.kind == .readOnly)
    var loners: [Call] = []
    for index in calls.indices where !calls[index].isDone {
      let call = calls[index]
      switch ranks[index] == inDoubt ? .again(.alone) : verdicts[index] {
      case .answer: call.finish(answer(to: index, batch, rows))
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

  // MARK: Answers

  /// For the step of each joint that ended well, the row of each of its keys.
  private func rowsOfJoints(_ batch: Batch) -> [Int: Result<[Int?], RowError>] {
    var rows: [Int: Result<[Int?], RowError>] = [:]
    for joint in joints {
      guard let result = batch.results[joint.rank] else { continue }
      rows[joint.rank] = Result { () throws(RowError) in
        try result.rows(ofKeys: joint.keys.count)
      }
    }
    return rows
  }

  /// The answer to the call at `index`, whose step ended well.
  private func answer(
    to index: Int, _ batch: Batch, _ rows: [Int: Result<[Int?], RowError>]
  ) -> Call.Answer {
    guard let result = batch.results[ranks[index]] else {
      return .failure(DatabaseError(.misuse("a statement ended without a result")))
    }
    guard let rows = rows[ranks[index]] else { return .success(Answer(result)) }
    do throws(RowError) {
      let row = try rows.get()[keyRanks[index]]
      return .success(Answer(result, rows: row.map { $0..<($0 + 1) } ?? 0..<0))
    } catch {
      let name = calls[index].statement.name
      return .failure(DatabaseError(.decoding(error), message: name))
    }
  }
}
