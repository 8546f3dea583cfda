internal import FoundationEssentials
internal import Reactor

/// One statement somebody waits for, from being queued to its answer.
// SAFETY: as Request; what is added here varies on the loop's thread only.
@safe
final class Call: Request<Answer>, @unchecked Sendable {
  let statement: Statement
  /// Those of a lookup without its last, which ``id`` makes.
  private let ownParameters: [SQLValue]
  /// What a lookup looks for.
  let id: UUID?
  let tenant: UUID?
  let deadline: MonotonicInstant
  /// Shares no Sync with others, because that went wrong.
  var runsAlone = false
  /// It shared a Sync with one that failed.
  var wasUndone = false
  /// How often it met a concurrent transaction's conflict.
  var conflicts = 0
  /// How often a connection went away under it.
  var losses = 0
  /// Whether a statement prepared too long ago was already replaced for it.
  var wasStale = false

  /// - Parameter id: for a lookup, whose last parameter is made of it.
  init(
    _ statement: Statement, _ parameters: [SQLValue], id: UUID? = nil, tenant: UUID?,
    deadline: Deadline
  ) {
    self.statement = statement
    ownParameters = parameters
    self.id = id
    self.tenant = tenant
    self.deadline = deadline.instant
  }

  /// What the statement is run with for this call alone.
  var parameters: [SQLValue] { id.map { ownParameters + [.uuidArray([$0])] } ?? ownParameters }

  /// What it is run with for several calls that ``joins(_:)`` finds alike.
  func parameters(forAll ids: [UUID]) -> [SQLValue] { ownParameters + [.uuidArray(ids)] }

  /// Whether this call and `other` can be one statement.
  func joins(_ other: Call) -> Bool {
    id != nil && other.id != nil && tenant == other.tenant && statement.name == other.statement.name
      && ownParameters == other.ownParameters
  }

  var writes: Bool { statement.effect == .writes }
}
