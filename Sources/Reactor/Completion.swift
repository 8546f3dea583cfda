/// Where a callback and one awaiting task meet: the callback leaves a result, the task takes it, in
/// either order. The first result counts.
package final class Completion<Value: Sendable>: Sendable {
  @safe private enum State {
    case pending
    case waiting(UnsafeContinuation<Value, any Error>)
    case done(Result<Value, any Error>)
    case taken
  }

  private let state = Guarded(State.pending)

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
  package var isComplete: Bool {
    state.withLock { state in
      switch state {
      case .pending, .waiting: false
      case .done, .taken: true
      }
    }
  }

  /// The result; one task may ask, once.
  /// - Throws: what ``fail(_:)`` was given, or `CancellationError` when the task is cancelled first,
  ///   which then is the result for good.
  package func value() async throws -> Value {
    if let result = takeResult() { return try result.get() }
    return try await withTaskCancellationHandler {
      try await wait()
    } onCancel: {
      fail(CancellationError())
    }
  }

  /// The result, if it comes in time.
  /// - Parameter loop: keeps the time; best the loop the caller is on.
  /// - Throws: as ``value()``, and ``DeadlineExceeded``, which then is the result for good.
  package func value(by deadline: Deadline, on loop: EventLoop) async throws -> Value {
    if let result = takeResult() { return try result.get() }
    guard deadline != .never else { return try await value() }
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
    try await wait()
  }

  private func wait() async throws -> Value {
    try await unsafe withUnsafeThrowingContinuation { continuation in
      let result = state.withLock { state -> Result<Value, any Error>? in
        switch state {
        case .pending:
          unsafe state = .waiting(continuation)
          return nil
        case .done(let result):
          state = .taken
          return result
        case .waiting, .taken:
          preconditionFailure("only one task may await a Completion, once")
        }
      }
      if let result { unsafe continuation.resume(with: result) }
    }
  }

  private func takeResult() -> Result<Value, any Error>? {
    state.withLock { state in
      guard case .done(let result) = state else { return nil }
      state = .taken
      return result
    }
  }

  @discardableResult
  func complete(_ result: Result<Value, any Error>) -> Bool {
    let (isFirst, waiter) = unsafe state.withLock {
      state -> (Bool, UnsafeContinuation<Value, any Error>?) in
      switch state {
      case .pending:
        state = .done(result)
        return (true, nil)
      case .waiting(let continuation):
        state = .taken
        return unsafe (true, continuation)
      case .done, .taken:
        return (false, nil)
      }
    }
    if let waiter = unsafe waiter { unsafe waiter.resume(with: result) }
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
