internal import JSONSchema
internal import Reactor

/// What it may cost to check one call's payloads against their schemas. Both are a tenant's own, and a
/// frame holds many payloads: all together they get so much, and others have their turn meanwhile.
package struct SchemaWork: Sendable {
  /// Steps of all checks together: a hundred thousand values and more against ordinary schemas, and at most
  /// some 50 ms.
  package static let mostSteps = 1_000_000
  /// Steps until others have a turn: about a millisecond.
  static let stepsAtOnce = 20_000
  /// Bytes of a payload that take as long to read as a step.
  private static let bytesOfStep = 16

  private(set) var budget: StepBudget
  /// Steps until the next pause.
  private(set) var stepsToPause = stepsAtOnce

  package init(steps: Int = mostSteps) { budget = StepBudget(steps: steps) }

  /// Notes that a payload was read.
  mutating func noteReading(_ bytes: Int) { stepsToPause -= bytes / Self.bytesOfStep }

  /// Notes what is left of the budget.
  mutating func note(_ budget: StepBudget) {
    stepsToPause -= self.budget.remaining - budget.remaining
    self.budget = budget
  }

  /// Lets others have a turn, if it is time.
  /// - Throws: `DeadlineExceeded`, `CancellationError`.
  mutating func pauseIfDue(_ deadline: Deadline) async throws {
    guard stepsToPause <= 0 else { return }
    stepsToPause = Self.stepsAtOnce
    try Task.checkCancellation()
    if deadline.hasPassed { throw DeadlineExceeded() }
    if let loop = EventLoop.current { await loop.nextTurn() } else { await Task.yield() }
  }
}
