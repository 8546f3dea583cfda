/// Something a task asks of a loop and waits for: the meeting of the two.
///
/// The loop calls ``begin()`` when it takes the request up and ``finish(_:)`` with the answer.
// SAFETY: made by the caller's task and handed to a loop by `start`; from then on only that loop's
// thread touches what varies. A cancellation reaches it through the loop as well, and the continuation,
// which is written before `start`, is touched only behind `begin`. It is resumed once: `finish` takes it away.
@safe
class Request<Value: Sendable>: @unchecked Sendable {
  typealias Answer = Result<Value, DatabaseError>

  private enum Stage {
    case made
    /// Cancelled before it was taken up.
    case cancelled
    case begun
    case done
  }

  private var stage = Stage.made
  private var continuation: UnsafeContinuation<Answer, Never>?

  final var isDone: Bool { stage == .done }

  /// Waits for the answer.
  /// - Parameters:
  ///   - start: hands the request to its loop; called at once.
  ///   - cancel: called on any thread when the task is cancelled; hands ``cancel(_:)`` to the loop.
  final func answer(start: () -> Void, cancel: @escaping @Sendable () -> Void) async -> Answer {
    await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation { continuation in
        unsafe self.continuation = unsafe continuation
        start()
      }
    } onCancel: {
      cancel()
    }
  }

  /// Takes the request up. False, and answered, when it was cancelled before.
  final func begin() -> Bool {
    let wasCancelled = stage == .cancelled
    stage = .begun
    guard wasCancelled else { return true }
    finish(.failure(DatabaseError(.cancelled)))
    return false
  }

  /// On the loop: `giveUp` is called if the request is being worked on; if it has yet to arrive, it will
  /// not begin.
  final func cancel(_ giveUp: () -> Void) {
    switch stage {
    case .made: stage = .cancelled
    case .begun: giveUp()
    case .cancelled, .done: break
    }
  }

  /// Gives the answer. The first counts.
  final func finish(_ answer: Answer) {
    guard stage == .begun else { return }
    stage = .done
    guard let continuation = unsafe continuation else { return }
    unsafe self.continuation = nil
    unsafe continuation.resume(returning: answer)
  }
}
