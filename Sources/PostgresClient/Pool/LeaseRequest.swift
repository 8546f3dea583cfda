internal import Reactor

/// A connection to be used on its own loop only.
// SAFETY: it crosses from the loop to the task that waited, which hands every use of it back to the loop.
struct Lease: @unchecked Sendable {
  let connection: Connection
}

/// A transaction that waits for a connection.
// SAFETY: as Request; what is added here varies on the loop's thread only.
@safe
final class LeaseRequest: Request<Lease>, @unchecked Sendable {
  let deadline: MonotonicInstant
  /// Ends the wait at the deadline.
  var timer: LoopTimer?

  init(deadline: Deadline) {
    self.deadline = deadline.instant
  }

  func end(_ answer: Answer) {
    timer?.cancel()
    timer = nil
    finish(answer)
  }
}
