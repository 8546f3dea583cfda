/// What a kept task runs.
package typealias Operation = @Sendable () async -> Void

/// A task of a loop that is kept between one piece of work and the next: to make a task and to end
/// it costs as much as a small call.
// SAFETY: everything is touched on the loop's thread only.
@safe final class Runner: @unchecked Sendable {
  /// What to run next.
  fileprivate var operation: Operation?
  /// How many pieces of work it has run.
  fileprivate var round = 0
  /// To be cancelled. Nil in the first stretch of its first work.
  fileprivate var task: Task<Void, Never>?
  /// Where it waits.
  fileprivate var continuation: UnsafeContinuation<Void, Never>?
  /// Below it on the pile.
  fileprivate var next: Runner?

  fileprivate init() {}
}

/// A piece of work that ``EventLoop/startShort(_:)`` has started.
package struct Run: Sendable {
  fileprivate let runner: Runner
  fileprivate let round: Int

  /// Cancels the task the work runs in, unless the work is over. On the loop only.
  package func cancel() {
    if runner.round == round { runner.task?.cancel() }
  }
}

/// The runners of a loop that wait for work.
struct RunnerPile: ~Copyable {
  /// Most that wait; a task holds one to two kilobytes.
  private static let maxWaiting = 64

  private var top: Runner?
  private var count = 0
  private var isOver = false

  fileprivate var hasRoom: Bool { count < Self.maxWaiting && !isOver }

  fileprivate mutating func push(_ runner: Runner) {
    runner.next = top
    top = runner
    count += 1
  }

  fileprivate mutating func pop() -> Runner? {
    guard let runner = top else { return nil }
    top = runner.next
    runner.next = nil
    count -= 1
    return runner
  }

  fileprivate mutating func close() { isOver = true }
}

extension EventLoop {
  /// Starts work on the loop: it runs at once, up to its first suspension, before this returns. Like
  /// ``start(_:)``, and cheaper for work that is done often and soon over, as its task is kept.
  package func startShort(_ operation: @escaping Operation) -> Run {
    expectCurrent()
    guard let runner = runners.pop() else { return startRunner(operation) }
    let run = Run(runner: runner, round: runner.round)
    runner.operation = operation
    runsNextJobAtOnce = true
    unsafe runner.continuation.take()?.resume()
    return run
  }

  /// Ends the tasks that wait, and lets no other wait.
  func endRunners() {
    runners.close()
    while let runner = runners.pop() { unsafe runner.continuation.take()?.resume() }
  }

  private func startRunner(_ operation: @escaping Operation) -> Run {
    let runner = Runner()
    // Not captured: that would hold it as long as the task is kept.
    runner.operation = operation
    // Detached, or what it inherits would be that of all work to come.
    runner.task = Task.immediateDetached(executorPreference: self) {
      var next = runner.operation.take()
      while let operation = next.take() {
        await operation()
        next = await self.nextWork(of: runner, after: consume operation)
      }
    }
    return Run(runner: runner, round: 0)
  }

  /// Lets go of the last work and waits for more. There is none when the task was cancelled or enough
  /// others wait.
  ///
  /// Not inlined, so that only another `await` follows the one of the work: then Swift need not look,
  /// under a lock, whether the task is where it belongs.
  @inline(never)
  private func nextWork(
    of runner: Runner, after _: consuming @escaping Operation
  ) async -> Operation? {
    // Not on the loop, if that is over: then tasks end elsewhere.
    guard isCurrent else { return nil }
    runner.round += 1
    guard runners.hasRoom, !Task.isCancelled else {
      runner.task = nil
      return nil
    }
    await unsafe withUnsafeContinuation { continuation in
      unsafe runner.continuation = unsafe continuation
      runners.push(runner)
    }
    return runner.operation.take()
  }
}
