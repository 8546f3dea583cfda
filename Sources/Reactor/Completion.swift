/// Where a callback and one awaiting task meet: the callback leaves a result, the task takes it, in
/// either order. The first result counts.
package final class Completion<Value: Sendable>: Sendable {
  private let result = Guarded<Result<Value, any Error>?>(nil)
  private let gate = Gate()

  package init() {}

  /// Leaves a value. False when there was a result before, which then stands.
  @discardableResult
  package func succeed(_ value: Value) -> Bool {
    complete(.success(value))
  }

  /// Leaves an error. False when there was a result before, which then stands.
  @discardableResult
  package func fail(_ error: any Error) -> Bool {
    complete(.failure(error))
  }

  /// Whether there is a result.
  package var isComplete: Bool { gate.isOpen }

  /// The result; one task may ask.
  /// - Throws: what ``fail(_:)`` was given, or `CancellationError` when the task is cancelled first,
  ///   which then is the result for good.
  package func value() async throws -> Value {
    if !gate.isOpen {
      await withTaskCancellationHandler {
        await gate.pass()
      } onCancel: {
        fail(CancellationError())
      }
    }
    return try outcome.get()
  }

  /// The result, if it comes in time.
  /// - Parameter loop: keeps the time; best the loop the caller is on.
  /// - Throws: as ``value()``, and ``DeadlineExceeded``, which then is the result for good.
  package func value(by deadline: Deadline, on loop: EventLoop) async throws -> Value {
    if gate.isOpen || deadline == .never { return try await value() }
    let alarm = Alarm()
    if loop.isCurrent {
      alarm.set(for: self, deadline, loop)
    } else {
      loop.submit { alarm.set(for: self, deadline, loop) }
    }
    defer {
      if loop.isCurrent { alarm.clear() } else { loop.submit { alarm.clear() } }
    }
    return try await value()
  }

  /// As ``value()``, but waits even if the task is cancelled: for ends that come for certain and soon.
  package func valueUncancelled() async throws -> Value {
    await gate.pass()
    return try outcome.get()
  }

  private var outcome: Result<Value, any Error> {
    guard let result = result.withLock({ $0 }) else {
      preconditionFailure("the gate was opened without a result")
    }
    return result
  }

  @discardableResult
  func complete(_ outcome: Result<Value, any Error>) -> Bool {
    let isFirst = result.withLock { result in
      if case .some = result { return false }
      result = outcome
      return true
    }
    if isFirst { gate.open() }
    return isFirst
  }
}

/// The timer of one wait. Touched on its loop only.
// SAFETY: `timer` and `isCleared` are read and written on the loop given to `set` only.
private final class Alarm: @unchecked Sendable {
  private var timer: LoopTimer?
  private var isCleared = false

  func set<Value>(for completion: Completion<Value>, _ deadline: Deadline, _ loop: EventLoop) {
    guard !isCleared else { return }
    timer = loop.schedule(at: deadline.instant) { completion.fail(DeadlineExceeded()) }
  }

  func clear() {
    isCleared = true
    timer?.cancel()
    timer = nil
  }
}
