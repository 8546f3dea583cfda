internal import FoundationEssentials
internal import Reactor

/// One statement somebody waits for, from being queued to its answer.
// SAFETY: as Request; what is added here varies on the loop's thread only.
@safe
final class Call: Request<Answer>, @unchecked Sendable {
  let statement: Statement
  /// What the statement is run with for this call alone.
  let parameters: [SQLValue]
  /// What it looks for, if it is a lookup's.
  let key: LookupKey?
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
    key = nil
    self.tenant = tenant
    self.deadline = deadline.instant
  }

  init<Row>(_ lookup: Lookup<Row>, _ key: LookupKey, deadline: Deadline) {
    statement = lookup.statement
    parameters = LookupKey.parameters([key])
    self.key = key
    tenant = key.tenant
    self.deadline = deadline.instant
  }

  var writes: Bool { statement.effect == .writes }

  /// Whether it gains from waiting for others of its kind.
  var mayGather: Bool { key != nil && !runsAlone }
}
