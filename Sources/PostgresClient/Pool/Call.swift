internal import FoundationEssentials
internal import Reactor

/// One statement somebody waits for, from being queued to its answer.
// SAFETY: as Request; what is added here varies on the loop's thread only.
@safe
final class Call: Request<QueryResult>, @unchecked Sendable {
  let statement: Statement
  let parameters: [SQLValue]
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

  init(_ statement: Statement, _ parameters: [SQLValue], tenant: UUID?, deadline: Deadline) {
    self.statement = statement
    self.parameters = parameters
    self.tenant = tenant
    self.deadline = deadline.instant
  }

  var writes: Bool { statement.effect == .writes }
}
