internal import Synchronization

/// Something for a loop to run.
// SAFETY: a job is made to be run elsewhere; a closure goes through a ``Mailbox`` only if it is
// @Sendable, and others stay on the loop's thread.
enum Work: @unchecked Sendable {
  case job(UnownedJob)
  case closure(() -> Void)
}

/// What other threads hand to a loop. The loop touches the lock only when something arrived, and a
/// system call wakes it only when it sleeps.
struct Mailbox: ~Copyable, Sendable {
  private enum Signal {
    static let awake: UInt8 = 0
    static let asleep: UInt8 = 1
    static let posted: UInt8 = 2
  }

  struct State {
    var work: [Work] = []
    var isClosed = false
  }

  private let signal = Atomic<UInt8>(Signal.awake)
  private let state = Mutex(State())

  /// Adds work. Any thread. Returns what is left to do for the sender.
  func post(_ work: Work) -> PostResult {
    let refused = state.withLock { state in
      if state.isClosed { return true }
      state.work.append(work)
      return false
    }
    if refused { return .refused }
    return signal.exchange(Signal.posted, ordering: .sequentiallyConsistent) == Signal.asleep
      ? .wake : .done
  }

  enum PostResult {
    case done
    /// The loop sleeps: wake it.
    case wake
    /// The loop is over; the work was not taken.
    case refused
  }

  /// Announces that the loop will block. False when something was posted: do not.
  func fallAsleep() -> Bool {
    signal.compareExchange(
      expected: Signal.awake, desired: Signal.asleep, ordering: .sequentiallyConsistent
    ).exchanged
  }

  /// Announces that the loop is awake, which spares the senders the waking.
  func awake() {
    guard signal.load(ordering: .relaxed) == Signal.asleep else { return }
    // A failure means that something was posted meanwhile, which collect(into:) sees.
    _ = signal.compareExchange(
      expected: Signal.asleep, desired: Signal.awake, ordering: .sequentiallyConsistent)
  }

  /// Hands over what was posted.
  /// - Parameter spare: an empty array, whose storage is used for what is posted next.
  func collect(into spare: inout [Work]) {
    guard signal.load(ordering: .relaxed) == Signal.posted else { return }
    signal.store(Signal.awake, ordering: .sequentiallyConsistent)
    state.withLock { swap(&$0.work, &spare) }
  }

  /// Refuses what comes from now on, unless something has come.
  func closeIfEmpty() -> Bool {
    state.withLock { state in
      guard state.work.isEmpty else { return false }
      state.isClosed = true
      return true
    }
  }
}
