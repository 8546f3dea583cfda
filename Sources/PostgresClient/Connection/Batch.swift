internal import FoundationEssentials

/// Statements sent to one connection ahead of one Sync, and what became of them.
///
/// Outside a transaction block they are one implicit transaction: all of them count or none, and none
/// counts before the Sync is answered. Belongs to the connection's loop.
final class Batch {
  enum Step {
    /// A command without parameters: `begin`, `commit`, `listen`.
    case command(String)
    /// Sets the tenant for the rest of the transaction; nil for none.
    case tenant(UUID?)
    case statement(Statement, [SQLValue])
  }

  enum End: Sendable {
    /// The server answered the Sync; ``Batch/failure`` tells whether with success.
    case synced
    /// The connection went first, and the server is known to have rolled the batch back or never begun it.
    case lostUndone
    /// The connection went first: done or not, nobody knows.
    case lostInDoubt
  }

  struct Failure {
    /// Rank of the failed step; the number of steps when it was the Sync (a deferred constraint).
    let step: Int
    let error: DatabaseError
    /// The prepared statement was out of date or gone: it will be prepared anew when run again.
    let isStale: Bool
  }

  let steps: [Step]
  /// The calls it serves, for those who look for one that waits too long.
  let calls: [Call]
  /// One for each step, nil until it succeeded.
  var results: [QueryResult?]
  var failure: Failure?
  /// The server warned that the commit, though done here, may not have reached its standby.
  var isDoubtful = false
  private var completion: ((Batch, End) -> Void)?

  /// - Parameter completion: called once, on the loop.
  init(
    _ steps: [Step], calls: [Call] = [], _ completion: @escaping (Batch, End) -> Void
  ) {
    self.steps = steps
    self.calls = calls
    self.results = Array(repeating: nil, count: steps.count)
    self.completion = completion
  }

  /// Whether a warning in answer to a step can be about the commit: that of `commit` itself, and that of
  /// the last statement. Outside a transaction block its Sync commits, and libpq tells of a warning before
  /// it hands out the result in front of it. Inside one nobody asks before `commit`.
  func mayCommit(at index: Int) -> Bool {
    switch steps[index] {
    case .command(let sql): sql == Transaction.commitCommand
    case .statement: index == steps.count - 1
    case .tenant: false
    }
  }

  func finish(_ end: End) {
    let completion = completion
    self.completion = nil
    completion?(self, end)
  }
}
