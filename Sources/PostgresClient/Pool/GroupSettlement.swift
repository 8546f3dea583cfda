/// What becomes of the calls of one group, decided from what became of the group: a pure function.
///
/// A group is one implicit transaction, so a failure undoes all of it. Only one failure is certain to be
/// its call's own: that of a call with no write of a neighbour ahead of it. Every other call is run again:
/// the failed one alone, its neighbours once more together, so that one bad write does not cost all of them
/// a commit each, and alone after that.
enum GroupSettlement {
  enum Verdict: Equatable {
    case answer
    case fail(DatabaseError)
    case again(Company)
  }

  enum Company {
    case shared, alone
  }

  /// What the decision needs to know of a call.
  struct Member: Equatable {
    var writes: Bool
    var conflicts = 0
    var losses = 0
    var wasStale = false
    /// A group it was in failed before.
    var wasUndone = false
  }

  /// How the group's one failure looks from its calls.
  struct Failure: Equatable {
    /// Rank of the call that failed; nil when it was the Sync, or the setting of a tenant.
    var member: Int?
    var error: DatabaseError
    var isStale = false
  }

  /// A transaction that met a conflict is run again so often (`reliability`: at most five times).
  static let maxConflicts = 5
  /// A call that saw so many connections end under it may be the reason.
  static let maxLosses = 2

  static func verdicts(
    on members: [Member], end: Batch.End, failure: Failure?, isDoubtful: Bool
  ) -> [Verdict] {
    switch end {
    case .lostUndone: members.map { verdictOnLoss(of: $0) }
    case .lostInDoubt:
      members.map { $0.writes ? .fail(DatabaseError(.outcomeUnknown)) : verdictOnLoss(of: $0) }
    case .synced:
      if let failure {
        verdicts(on: members, after: failure)
      } else {
        members.map {
          isDoubtful && $0.writes ? .fail(DatabaseError(.outcomeUnknown)) : .answer
        }
      }
    }
  }

  private static func verdictOnLoss(of member: Member) -> Verdict {
    member.losses < maxLosses ? .again(.alone) : .fail(DatabaseError(.unavailable))
  }

  private static func verdicts(on members: [Member], after failure: Failure) -> [Verdict] {
    if members.count == 1 { return [verdict(onLone: members[0], failure)] }
    let firstWrite = members.firstIndex(where: \.writes) ?? members.count
    return members.indices.map { index in
      guard let failed = failure.member else { return .again(.alone) }
      guard index == failed else {
        return .again(members[index].wasUndone ? .alone : .shared)
      }
      return index <= firstWrite && !failure.isStale && !failure.error.isConflict
        ? .fail(failure.error) : .again(.alone)
    }
  }

  private static func verdict(onLone member: Member, _ failure: Failure) -> Verdict {
    if failure.isStale, !member.wasStale { return .again(.alone) }
    if failure.error.isConflict, member.conflicts < maxConflicts { return .again(.alone) }
    return .fail(failure.error)
  }
}
