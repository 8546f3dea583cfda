package import Reactor
internal import Synchronization

/// Charges the rate limits of API keys, exactly over all daemons of a database.
///
/// What is admitted is counted by the database alone (`charge_api_keys`), one row for each key.
/// This daemon only gathers: verifications that arrive while a charge is on its way wait, and go
/// together in the next one, those of a key in their order. So a key is charged once per round
/// trip, however often it is presented, and one commit serves many keys. At most one charge of a
/// loop is on its way at a time, which also keeps two charges from sharing a transaction and
/// locking rows crosswise; and at most one of a key, whichever loop it is presented on.
package final class RateLimiter: Sendable {
  /// Verifications in one charge. More wait for the next.
  private static let maxRequests = 1000
  /// No charge waits longer for the database, whatever its callers' deadlines.
  private static let patience = Duration.seconds(10)

  package typealias Charge =
    @Sendable ([LimitRequest], Deadline) async throws -> [LimitDecision?]

  private struct Waiter {
    let request: LimitRequest
    let deadline: Deadline
    let answer: Completion<LimitDecision?>
  }

  private struct State {
    /// Who waits, by key, in the order of arrival. No entry is empty.
    var waiting: [LimitSubject: [Waiter]] = [:]
    /// Keys with waiters in the order of their first.
    var queue: [LimitSubject] = []
    /// Keys whose charge is on its way.
    var charging: Set<LimitSubject> = []
    /// Loops that have a task of ours.
    var busy: Set<ObjectIdentifier> = []
    var idle: [Completion<Void>] = []
  }

  private let state = Mutex(State())
  private let perform: Charge

  package init(_ perform: @escaping Charge) { self.perform = perform }

  package convenience init(_ repository: RateLimitRepository) {
    self.init { requests, deadline in
      try await repository.charge(requests, deadline: deadline)
    }
  }

  /// Decides one verification, and charges it when it is admitted.
  ///
  /// A caller that gives up while its charge is on its way may have been charged.
  /// - Parameter loop: the loop the call lives on.
  /// - Returns: nil when the key no longer exists.
  /// - Throws: what the charge threw, `DeadlineExceeded` or `CancellationError`.
  package func decide(
    _ request: LimitRequest, deadline: Deadline, on loop: EventLoop
  ) async throws -> LimitDecision? {
    let waiter = Waiter(request: request, deadline: deadline, answer: Completion())
    let isFirst = state.withLock { state in
      state.waiting[request.subject, default: []].append(waiter)
      if state.waiting[request.subject]?.count == 1 { state.queue.append(request.subject) }
      return state.busy.insert(ObjectIdentifier(loop)).inserted
    }
    // Not a child of this call: it works for others too, and must not be cancelled with it.
    // ``drain()`` waits for it.
    if isFirst { loop.start { await self.serve(ObjectIdentifier(loop)) } }
    return try await waiter.answer.value(by: deadline, on: loop)
  }

  /// Returns when nobody waits and no charge is on its way.
  package func drain() async {
    let idle = Completion<Void>()
    let isIdle = state.withLock { state in
      if state.busy.isEmpty { return true }
      state.idle.append(idle)
      return false
    }
    if isIdle { return }
    do {
      try await idle.value()
    } catch {
      // Cancelled: whoever drains no longer wants to wait.
    }
  }

  /// Charges what waits, until nothing does.
  private func serve(_ loop: ObjectIdentifier) async {
    // Behind the other calls of this turn, so that the first charge takes them along.
    await Task.yield()
    while let waiters = take(loop) {
      let deadline = waiters.map(\.deadline).max() ?? .within(Self.patience)
      do {
        let decisions = try await perform(
          waiters.map(\.request), deadline.sooner(.within(Self.patience)))
        for (waiter, decision) in zip(waiters, decisions) { waiter.answer.succeed(decision) }
        for waiter in waiters.dropFirst(decisions.count) { waiter.answer.succeed(nil) }
      } catch {
        for waiter in waiters { waiter.answer.fail(error) }
      }
      release(waiters)
    }
  }

  /// The next charge: whole keys as far as they fit, none that is being charged. Nil: nothing to do,
  /// and the loop has no task any more.
  private func take(_ loop: ObjectIdentifier) -> [Waiter]? {
    let (taken, idle) = state.withLock { state -> ([Waiter]?, [Completion<Void>]) in
      var taken: [Waiter] = []
      var left: [LimitSubject] = []
      for subject in state.queue {
        guard taken.count < Self.maxRequests, !state.charging.contains(subject) else {
          left.append(subject)
          continue
        }
        // Who gave up meanwhile is not charged.
        let waiters = (state.waiting.removeValue(forKey: subject) ?? []).filter {
          !$0.answer.isComplete
        }
        guard !waiters.isEmpty else { continue }
        let fitting = waiters.prefix(Self.maxRequests - taken.count)
        taken += fitting
        state.charging.insert(subject)
        if fitting.count < waiters.count {
          state.waiting[subject] = Array(waiters.dropFirst(fitting.count))
          left.append(subject)
        }
      }
      state.queue = left
      guard taken.isEmpty else { return (taken, []) }
      state.busy.remove(loop)
      guard state.busy.isEmpty else { return (nil, []) }
      defer { state.idle = [] }
      return (nil, state.idle)
    }
    for waiter in idle { waiter.succeed(()) }
    return taken
  }

  private func release(_ waiters: [Waiter]) {
    state.withLock { state in
      for waiter in waiters { state.charging.remove(waiter.request.subject) }
    }
  }
}
