internal import CEpoll
internal import DequeModule
internal import Glibc

/// One thread with one level-triggered epoll loop, and the executor of the tasks that live on it.
///
/// A turn of the loop: wait for events, tell the watchers, run the timers that are due, run jobs
/// (at most ``maxJobsPerTurn``, so that sockets never starve), then the end-of-turn hooks and the
/// writes collected by ``StreamSocket``. What is enqueued on the loop's own thread takes no lock.
// SAFETY: everything mutable and unguarded is touched on the loop's thread only; the doors for
// others are `mailbox`, `terminated` and `poller.wake()`, which are made for it.
@safe package final class EventLoop: TaskExecutor, @unchecked Sendable {
  /// Most jobs run between two polls.
  package static let maxJobsPerTurn = 256
  /// Longest sleep while a timer waits. epoll's clock stands still while the machine is suspended
  /// and ours does not: this is how late a timer can be after that.
  private static let longestSleep: Int64 = 10_000
  /// Half of it is for bytes carried over from the read before, see ``StreamSocket``.
  static let readBufferSize = 128 * 1024
  /// Drained output buffers kept for the next socket with something to say.
  private static let maxSpareBuffers = 16
  private static let maxSpareBufferSize = 256 * 1024

  package let name: String
  let poller: Poller
  let readBuffer: UnsafeMutableRawBufferPointer
  private let mailbox = Mailbox()
  private let terminated = Guarded<Termination>(.running([]))

  private var jobs = Deque<Work>()
  private var timers = TimerHeap()
  private var hooks: [() -> Void] = []
  /// The sockets to flush at the end of the turn: the first and the last of a list.
  private var firstToFlush: StreamSocket?
  private var lastToFlush: StreamSocket?
  private var watches: ContiguousArray<Watch?> = []
  private var generations: ContiguousArray<UInt32> = []
  private var freeWatches: [Int] = []
  private var spareBuffers: [[UInt8]] = []
  var runners = RunnerPile()
  /// What is enqueued next runs before ``enqueue(_:)`` returns.
  var runsNextJobAtOnce = false
  private var turnStart = MonotonicInstant.now()
  /// Descriptors that were ready at the start of this turn. On the loop only.
  package private(set) var eventCount = 0
  private var isStopping = false

  private enum Termination {
    case running([Completion<Void>])
    case over
  }

  /// Starts the thread. It runs, and keeps the loop alive, until ``shutdown()``.
  /// - Parameter name: the thread's name, cut to 15 bytes.
  /// - Throws: when the process is out of descriptors or threads.
  package init(name: String) throws(SystemError) {
    self.name = name
    poller = try Poller()
    unsafe readBuffer = .allocate(byteCount: Self.readBufferSize, alignment: 16)
    var thread = pthread_t()
    let context = unsafe Unmanaged.passRetained(self)
    let code = unsafe pthread_create(
      &thread, nil,
      { context in
        guard let context = unsafe context else { return nil }
        unsafe Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue().main()
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      unsafe context.release()
      throw SystemError(errno: code, operation: "pthread_create")
    }
    pthread_detach(thread)
  }

  deinit {
    unsafe readBuffer.deallocate()
  }

  // MARK: From any thread

  /// The loop whose thread this is.
  package static var current: EventLoop? {
    guard let pointer = unsafe cepoll_current_loop() else { return nil }
    return unsafe Unmanaged<EventLoop>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Whether the caller runs on this loop's thread.
  package var isCurrent: Bool {
    unsafe cepoll_current_loop() == Unmanaged.passUnretained(self).toOpaque()
  }

  /// The time: on the loop as of the start of this turn (free), elsewhere read from the clock.
  package var now: MonotonicInstant {
    isCurrent ? turnStart : .now()
  }

  /// Runs `work` on the loop, after what was submitted before; on the loop's own thread later in
  /// this turn.
  /// - Returns: false, and `work` dropped, when the loop was shut down.
  @discardableResult
  package func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
    if isCurrent {
      jobs.append(.closure(work))
      return true
    }
    switch mailbox.post(.closure(work)) {
    case .delivered: return true
    case .wake:
      poller.wake()
      return true
    case .refused: return false
    }
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isCurrent {
      if runsNextJobAtOnce {
        runsNextJobAtOnce = false
        unsafe job.runSynchronously(on: asUnownedTaskExecutor())
      } else {
        jobs.append(.job(job))
      }
      return
    }
    switch mailbox.post(.job(job)) {
    case .delivered: break
    case .wake: poller.wake()
    case .refused:
      // The loop is over, but a task must still come to its end somewhere.
      globalConcurrentExecutor.enqueue(ExecutorJob(job))
    }
  }

  /// Starts a task that lives on this loop. Called on the loop it runs at once, up to its first
  /// suspension, before this returns. Whoever starts it answers for its end.
  @discardableResult
  package func start(_ operation: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
    guard isCurrent else { return Task(executorPreference: self) { await operation() } }
    return Task.immediate(executorPreference: self) { await operation() }
  }

  /// Runs `body` on the loop and returns to where the caller was.
  package func run<R: Sendable, Failure: Error>(
    _ body: @Sendable () async throws(Failure) -> R
  ) async throws(Failure) -> R {
    // Only what is @concurrent moves to the preferred executor; the body then stays there. Without
    // anything before the call, Swift 6.3 leaves the move to the callee, who does not make it.
    try await withTaskExecutorPreference(self) { @concurrent () async throws(Failure) -> R in
      self.expectCurrent()
      return try await body()
    }
  }

  /// Ends the thread once it has nothing more to run. Sockets that are left are closed with
  /// `ECANCELED`; watches, timers and hooks dropped; tasks go on elsewhere. Shut down last, when all
  /// who live here have ended. Twice is not an error.
  package func shutdown() async {
    let ended = Completion<Void>()
    let isOver = terminated.withLock { state in
      guard case .running(var waiting) = state else { return true }
      waiting.append(ended)
      state = .running(waiting)
      return false
    }
    if isOver { return }
    submit {
      self.isStopping = true
      self.endOwners()
    }
    // Only succeeds: nobody fails it.
    try? await ended.valueUncancelled()
  }

  // MARK: On the loop only

  /// Runs `work` once at the end of this turn: after all events, timers and jobs, before the loop
  /// writes and sleeps. Called by a hook: in the same turn, after it.
  package func atEndOfTurn(_ work: @escaping () -> Void) {
    expectCurrent()
    hooks.append(work)
  }

  /// Lets everybody else have a turn: returns in the next one, behind the events it brings. For work that
  /// takes longer than others should wait. Not ended by cancellation.
  package func nextTurn() async {
    guard isCurrent, !isStopping else { return await Task.yield() }
    await unsafe withUnsafeContinuation { continuation in
      atEndOfTurn { unsafe continuation.resume() }
    }
  }

  /// Runs `action` once, `delay` after the start of this turn and never within it. Accurate to a
  /// millisecond, late rather than early.
  package func schedule(after delay: Duration, _ action: @escaping () -> Void) -> LoopTimer {
    schedule(at: turnStart.advanced(by: max(delay, .nanoseconds(1))), action)
  }

  package func schedule(
    at instant: MonotonicInstant, _ action: @escaping () -> Void
  ) -> LoopTimer {
    expectCurrent()
    let earliest = turnStart.advanced(by: .nanoseconds(1))
    let timer = LoopTimer(deadline: max(instant, earliest), on: self, action: action)
    timers.insert(timer)
    return timer
  }

  /// Calls `handler` in every turn in which the descriptor is ready for what `interest` names, until
  /// the watch is cancelled. The loop keeps the watch alive.
  /// - Throws: what `epoll_ctl(2)` said, for instance `EPERM` for a regular file.
  package func watch(
    descriptor: Int32, for interest: Interest, _ handler: @escaping (Readiness) -> Void
  ) throws(SystemError) -> Watch {
    expectCurrent()
    let slot = freeWatches.popLast() ?? watches.count
    if slot == watches.count {
      watches.append(nil)
      generations.append(0)
    }
    // The generation tells an event of this turn from one of the slot's owner before.
    generations[slot] &+= 1
    let token = UInt64(generations[slot]) << 32 | UInt64(slot + 1)
    let watch = Watch(
      descriptor: descriptor, interest: interest, token: token, loop: self, handler: handler)
    do throws(SystemError) {
      if !interest.isEmpty { try poller.add(descriptor, interest, token) }
    } catch {
      freeWatches.append(slot)
      throw error
    }
    watches[slot] = watch
    return watch
  }

  func expectCurrent() {
    precondition(isCurrent, "only the loop's own thread may do this; use submit or run")
  }

  func forget(_ watch: Watch) {
    expectCurrent()
    let slot = Int(truncatingIfNeeded: watch.token & 0xffff_ffff) - 1
    guard watches[slot] === watch else { return }
    watches[slot] = nil
    freeWatches.append(slot)
  }

  func remove(_ timer: LoopTimer) {
    expectCurrent()
    timers.remove(timer)
  }

  func flushAtEndOfTurn(_ socket: StreamSocket) {
    if let lastToFlush { lastToFlush.nextToFlush = socket } else { firstToFlush = socket }
    lastToFlush = socket
  }

  /// An empty buffer with room, if one is at hand.
  func takeBuffer() -> [UInt8] {
    var spare: [[UInt8]] = []
    swap(&spare, &spareBuffers)
    defer { swap(&spare, &spareBuffers) }
    return spare.popLast() ?? []
  }

  func giveBack(_ buffer: consuming [UInt8]) {
    guard buffer.capacity <= Self.maxSpareBufferSize else { return }
    var spare: [[UInt8]] = []
    swap(&spare, &spareBuffers)
    if spare.count < Self.maxSpareBuffers {
      buffer.removeAll(keepingCapacity: true)
      spare.append(buffer)
    }
    swap(&spare, &spareBuffers)
  }

  /// Runs `work` on the loop later in this turn, without the need to be Sendable.
  func later(_ work: @escaping () -> Void) {
    expectCurrent()
    jobs.append(.closure(work))
  }

  // MARK: The turn

  private func main() {
    unsafe cepoll_name_thread(name)
    unsafe cepoll_set_current_loop(Unmanaged.passUnretained(self).toOpaque())
    while !(isStopping && jobs.isEmpty && mailbox.closeIfEmpty()) {
      turn()
    }
    endOwners()
    for watch in watches { watch?.cancel() }
    timers.removeAll()
    endRunners()
    hooks = []
    takeFlushes { _ in }
    while let work = jobs.popFirst() { run(work) }
    let waiting = terminated.withLock { state -> [Completion<Void>] in
      guard case .running(let waiting) = state else { return [] }
      state = .over
      return waiting
    }
    cepoll_set_current_loop(nil)
    for completion in waiting { completion.succeed(()) }
  }

  /// Sockets and what hangs on them keep each other alive: somebody has to close them.
  private func endOwners() {
    for watch in watches { watch?.owner?.loopEnds() }
  }

  private func turn() {
    let count = poller.wait(milliseconds: sleepMilliseconds())
    mailbox.awake()
    turnStart = .now()
    eventCount = count
    for index in 0..<count {
      let (token, readiness) = poller.event(index)
      guard token != Poller.wakeToken else { continue }
      let slot = Int(truncatingIfNeeded: token & 0xffff_ffff) - 1
      guard let watch = watches[slot], watch.token == token else { continue }
      watch.handler?(readiness)
    }
    while let timer = timers.popDue(turnStart) {
      let action = timer.action
      timer.action = nil
      action?()
    }
    runJobs()
    endTurn()
  }

  private func sleepMilliseconds() -> Int32 {
    guard jobs.isEmpty, hooks.isEmpty, firstToFlush == nil, !isStopping, mailbox.fallAsleep() else {
      return 0
    }
    guard let next = timers.earliest else { return -1 }
    let left = next.nanoseconds &- MonotonicInstant.now().nanoseconds
    guard left > 0 else { return 0 }
    return Int32(min(left / 1_000_000 + 1, Self.longestSleep))
  }

  private func runJobs() {
    mailbox.collect { jobs.append($0) }
    var budget = Self.maxJobsPerTurn
    while budget > 0, let work = jobs.popFirst() {
      budget -= 1
      run(work)
    }
  }

  private func run(_ work: Work) {
    switch work {
    case .job(let job): unsafe job.runSynchronously(on: asUnownedTaskExecutor())
    case .closure(let closure): closure()
    }
  }

  private func endTurn() {
    // A hook may add a hook; eight rounds are enough for honest work, the rest waits a turn.
    var rounds = 8
    while !hooks.isEmpty, rounds > 0 {
      rounds -= 1
      var running: [() -> Void] = []
      swap(&running, &hooks)
      for hook in running { hook() }
    }
    takeFlushes { $0.flushNow() }
  }

  /// Takes the list apart socket by socket: let go as a whole, a long one would end in deep recursion.
  private func takeFlushes(_ body: (StreamSocket) -> Void) {
    var next = firstToFlush
    (firstToFlush, lastToFlush) = (nil, nil)
    while let socket = next {
      next = socket.nextToFlush
      socket.nextToFlush = nil
      body(socket)
    }
  }
}
