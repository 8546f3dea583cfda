/// A door that one task waits behind and somebody else opens, in either order. It stays open.
///
/// What is written before ``open()`` may be read behind ``pass()``.
package struct Gate: ~Copyable, Sendable {
  // Not private: in a type that is not copied, that breaks debug builds of Swift 6.3.
  @safe enum State {
    case closed
    case waiting(UnsafeContinuation<Void, Never>)
    case open
  }

  private let state = Guarded(State.closed)

  package init() {}

  package var isOpen: Bool {
    state.withLock { state in
      if case .open = state { true } else { false }
    }
  }

  /// Opens the door. Nothing happens when it is open already.
  package func open() {
    let waiter = unsafe state.withLock { state -> UnsafeContinuation<Void, Never>? in
      defer { state = .open }
      guard case .waiting(let continuation) = state else { return nil }
      return unsafe continuation
    }
    if let waiter = unsafe waiter { unsafe waiter.resume() }
  }

  /// Waits until the door is open, also when the task is cancelled. One task may wait.
  package func pass() async {
    if isOpen { return }
    await unsafe withUnsafeContinuation { continuation in
      let isOpen = state.withLock { state in
        switch state {
        case .closed:
          unsafe state = .waiting(continuation)
          return false
        case .open: return true
        case .waiting: preconditionFailure("only one task may wait behind a Gate")
        }
      }
      if isOpen { unsafe continuation.resume() }
    }
  }
}
