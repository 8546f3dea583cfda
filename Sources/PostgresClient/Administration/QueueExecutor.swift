internal import Dispatch

/// Runs an actor on a Dispatch queue of its own, so that the actor may block without holding a
/// thread of Swift's cooperative pool or of an event loop.
final class QueueExecutor: SerialExecutor {
  private let queue: DispatchQueue

  init(label: String) {
    queue = DispatchQueue(label: label)
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { unsafe job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}
