internal import Synchronization

/// Something for a loop to run.
// SAFETY: a job is made to be run elsewhere; a closure goes through a ``Mailbox`` only if it is
// @Sendable, and others stay on the loop's thread.
enum Work: @unchecked Sendable {
  case job(UnownedJob)
  case closure(() -> Void)
}

/// What other threads hand to a loop: a stack of letters that the loop takes as a whole, so one
/// compare-and-exchange per letter and no lock. The same word says whether the loop sleeps, so only
/// the first letter to a sleeper costs a system call.
///
/// No ``Mutex`` for another reason as well: the thread sanitizer does not see a contended one of
/// Swift 6.3 on Linux, as its slow path is in a library that is not instrumented.
// SAFETY: a letter belongs to its sender until it is on the stack, and then to the loop.
@safe struct Mailbox: ~Copyable, @unchecked Sendable {
  /// What became of a letter.
  enum Receipt {
    case delivered
    /// The loop sleeps: wake it.
    case wake
    /// The loop is over; the letter was not taken.
    case refused
  }

  @unsafe private struct Letter {
    let work: Work
    var next: UInt
  }

  /// The word: one of these, or the address of the youngest letter.
  private enum State {
    static let empty: UInt = 0
    static let asleep: UInt = 1
    static let closed: UInt = 2
  }

  private let word = Atomic<UInt>(State.empty)

  /// Adds work. Any thread.
  func post(_ work: Work) -> Receipt {
    let letter = UnsafeMutablePointer<Letter>.allocate(capacity: 1)
    unsafe letter.initialize(to: Letter(work: work, next: State.empty))
    var current = word.load(ordering: .relaxed)
    while current != State.closed {
      unsafe letter.pointee.next = current
      let (exchanged, original) = word.weakCompareExchange(
        expected: current, desired: UInt(bitPattern: letter), successOrdering: .releasing,
        failureOrdering: .relaxed)
      if exchanged { return current == State.asleep ? .wake : .delivered }
      current = original
    }
    unsafe letter.deinitialize(count: 1)
    unsafe letter.deallocate()
    return .refused
  }

  /// Announces that the loop will block. False when there are letters: do not.
  func fallAsleep() -> Bool {
    word.compareExchange(
      expected: State.empty, desired: State.asleep, ordering: .relaxed
    ).exchanged
  }

  /// Announces that the loop is awake, which spares the senders the waking.
  func awake() {
    guard word.load(ordering: .relaxed) == State.asleep else { return }
    // Fails when a letter has come meanwhile, which collect(_:) sees.
    _ = word.compareExchange(expected: State.asleep, desired: State.empty, ordering: .relaxed)
  }

  /// Calls `body` with what was posted, oldest first.
  func collect(_ body: (Work) -> Void) {
    guard word.load(ordering: .relaxed) > State.closed else { return }
    var next = word.exchange(State.empty, ordering: .acquiring)
    var oldest: UInt = State.empty
    while let letter = unsafe UnsafeMutablePointer<Letter>(bitPattern: Self.letter(next)) {
      next = unsafe letter.pointee.next
      unsafe letter.pointee.next = oldest
      oldest = UInt(bitPattern: letter)
    }
    while let letter = unsafe UnsafeMutablePointer<Letter>(bitPattern: oldest) {
      let content = unsafe letter.move()
      unsafe letter.deallocate()
      unsafe oldest = content.next
      unsafe body(content.work)
    }
  }

  /// Refuses what comes from now on, unless something has come.
  func closeIfEmpty() -> Bool {
    word.compareExchange(
      expected: State.empty, desired: State.closed, ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// The first letter was put upon a state, not upon another letter.
  private static func letter(_ word: UInt) -> UInt {
    word > State.closed ? word : State.empty
  }
}
