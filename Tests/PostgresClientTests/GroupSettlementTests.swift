import Testing

@testable import PostgresClient

@Suite("What becomes of the calls of a group")
struct GroupSettlementTests {
  private typealias Member = GroupSettlement.Member
  private typealias Verdict = GroupSettlement.Verdict

  private static let read = Member(writes: false)
  private static let write = Member(writes: true)
  private static let refused = DatabaseError(.server, sqlState: "22012")
  private static let conflict = DatabaseError(.serialization, sqlState: "40001")
  private static let unknown = Verdict.fail(DatabaseError(.outcomeUnknown))

  private func verdicts(
    _ members: [Member], _ end: Batch.End = .synced, _ failure: GroupSettlement.Failure? = nil,
    isDoubtful: Bool = false
  ) -> [Verdict] {
    GroupSettlement.verdicts(
      on: members, end: end, failure: failure, isDoubtful: isDoubtful)
  }

  @Test("without a failure everybody is answered")
  func success() {
    #expect(verdicts([Self.read, Self.write]) == [.answer, .answer])
  }

  @Test("a commit that may not have reached the standby leaves writes in doubt")
  func doubtfulCommit() {
    #expect(
      verdicts([Self.read, Self.write], isDoubtful: true) == [.answer, Self.unknown])
  }

  @Test("only a failure with no write ahead of it is certainly the call's own")
  func ownFailure() {
    let members = [Self.read, Self.write, Self.read]
    for (rank, own) in [(0, true), (1, true), (2, false)] {
      let result = verdicts(members, .synced, .init(member: rank, error: Self.refused))
      var expected: [Verdict] = Array(repeating: .again(.shared), count: 3)
      expected[rank] = own ? .fail(Self.refused) : .again(.alone)
      #expect(result == expected)
    }
  }

  @Test("a call whose group failed before is run alone")
  func undoneTwice() {
    let undone = Member(writes: true, wasUndone: true)
    #expect(
      verdicts([Self.write, undone, undone], .synced, .init(member: 1, error: Self.refused))
        == [.again(.shared), .again(.alone), .again(.alone)])
  }

  @Test("a failure of the Sync is nobody's own")
  func failedSync() {
    #expect(
      verdicts([Self.write, Self.write], .synced, .init(member: nil, error: Self.refused))
        == [.again(.alone), .again(.alone)])
  }

  @Test("alone, every failure is the call's own")
  func alone() {
    for rank in [nil, 0] {
      #expect(
        verdicts([Self.write], .synced, .init(member: rank, error: Self.refused))
          == [.fail(Self.refused)])
    }
  }

  @Test("a conflict is run again five times")
  func conflicts() {
    for count in 0...6 {
      let member = Member(writes: true, conflicts: count)
      #expect(
        verdicts([member], .synced, .init(member: 0, error: Self.conflict))
          == [count < 5 ? .again(.alone) : .fail(Self.conflict)])
    }
    #expect(
      verdicts([Self.write, Self.write], .synced, .init(member: 0, error: Self.conflict))
        == [.again(.alone), .again(.shared)])
  }

  @Test("an outdated statement is run again once")
  func stale() {
    let failure = GroupSettlement.Failure(member: 0, error: Self.refused, isStale: true)
    #expect(verdicts([Self.write], .synced, failure) == [.again(.alone)])
    #expect(
      verdicts([Member(writes: true, wasStale: true)], .synced, failure)
        == [.fail(Self.refused)])
    #expect(
      verdicts([Self.read, Self.read], .synced, failure) == [.again(.alone), .again(.shared)])
  }

  @Test("what was lost undone is run again, but not for ever")
  func lostUndone() {
    let lost = Verdict.fail(DatabaseError(.unavailable))
    #expect(verdicts([Self.read, Self.write], .lostUndone) == [.again(.alone), .again(.alone)])
    #expect(
      verdicts([Member(writes: false, losses: 2), Member(writes: true, losses: 2)], .lostUndone)
        == [lost, lost])
  }

  @Test("what was lost in doubt is run again if it only reads")
  func lostInDoubt() {
    #expect(verdicts([Self.read, Self.write], .lostInDoubt) == [.again(.alone), Self.unknown])
  }
}
