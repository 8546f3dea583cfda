internal import DequeModule
internal import Dispatch
package import Reactor

/// Asks the system, which blocks, on a few threads of its own.
///
/// Whoever asks for a name that is being looked up waits for that answer: a name takes one thread at
/// most, however slow its servers are. A lookup that hangs keeps its thread until the system gives up
/// (`resolv.conf(5)`), and nothing else. Names that were slow or got no answer the last time take half
/// of the threads at most, so that dead names, however many, leave the others theirs. Beyond
/// ``maxWaiting`` names the answer is at once that there is none.
package final class SystemResolver: NameResolver {
  /// For the whole process.
  package static let shared = SystemResolver()

  /// Most lookups at a time.
  package static let defaultThreads = 16
  /// Most names that wait for a thread.
  package static let maxWaiting = 1024
  /// A lookup that takes longer makes its name a slow one.
  private static let slow = Duration.seconds(1)
  /// Slow names that are remembered; beyond it all are forgotten.
  private static let maxSlowNames = 10_000

  private struct Asker {
    let deadline: MonotonicInstant
    let done: @Sendable (NameAnswer) -> Void
  }

  private struct State {
    /// Who waits for which name, be it looked up already or not.
    var askers: [String: [Asker]] = [:]
    /// Names that wait for a thread.
    var waiting = Deque<String>()
    /// The slow ones among them, which let the others pass.
    var waitingSlow = Deque<String>()
    var slowNames: Set<String> = []
    /// Threads that are at slow names, and how many may be.
    var slowThreads = 0
    let maxSlowThreads: Int
    var idleQueues: [Int]

    /// Whether a name may take a thread now; counts it.
    mutating func admits(_ name: String) -> Bool {
      guard slowNames.contains(name) else { return true }
      guard slowThreads < maxSlowThreads else { return false }
      slowThreads += 1
      return true
    }

    /// The next name in turn.
    mutating func popWaiting() -> String? {
      if let name = waiting.popFirst() { return name }
      guard slowThreads < maxSlowThreads, let name = waitingSlow.popFirst() else { return nil }
      slowThreads += 1
      return name
    }
  }

  /// A name that has a thread.
  private struct Work {
    let name: String
    let isSlow: Bool
  }

  /// A serial queue for each lookup: unlike a concurrent one, it never waits for a thread that blocks.
  private let queues: [DispatchQueue]
  private let lookUp: @Sendable (String) -> NameAnswer
  private let state: Guarded<State>

  /// - Parameters:
  ///   - threads: how many lookups may be under way.
  ///   - lookUp: asks for one name, and blocks meanwhile.
  package init(
    threads: Int = SystemResolver.defaultThreads,
    lookUp: @escaping @Sendable (String) -> NameAnswer = { HostLookup.addresses(of: $0) }
  ) {
    queues = (0..<max(1, threads)).map { DispatchQueue(label: "integrationd.resolver-\($0)") }
    self.lookUp = lookUp
    state = Guarded(
      State(maxSlowThreads: max(1, queues.count / 2), idleQueues: Array(queues.indices)))
  }

  package func resolve(
    _ name: String, by deadline: MonotonicInstant, _ done: @escaping @Sendable (NameAnswer) -> Void
  ) {
    let asker = Asker(deadline: deadline, done: done)
    enum Turn { case shared, queue(Int, Work), waits, refused }
    let turn = state.withLock { state -> Turn in
      if state.askers[name] != nil {
        state.askers[name]?.append(asker)
        return .shared
      }
      if !state.idleQueues.isEmpty, state.admits(name), let queue = state.idleQueues.popLast() {
        state.askers[name] = [asker]
        return .queue(queue, Work(name: name, isSlow: state.slowNames.contains(name)))
      }
      let isSlow = state.slowNames.contains(name)
      let others = isSlow ? state.waitingSlow.count : state.waiting.count
      guard others < Self.maxWaiting else { return .refused }
      state.askers[name] = [asker]
      if isSlow { state.waitingSlow.append(name) } else { state.waiting.append(name) }
      return .waits
    }
    switch turn {
    case .shared, .waits: break
    case .queue(let queue, let work): queues[queue].async { self.run(on: queue, first: work) }
    case .refused: done(.unavailable("too many names are being looked up"))
    }
  }

  /// Looks up one name after the other until none waits.
  private func run(on queue: Int, first: Work) {
    var next: Work? = first
    while let work = next {
      let begin = MonotonicInstant.now()
      let answer = lookUp(work.name)
      let isSlow = answer.isUnavailable || begin.duration(to: .now()) > Self.slow
      let askers = state.withLock { state -> [Asker] in
        if work.isSlow { state.slowThreads -= 1 }
        if isSlow {
          if state.slowNames.count >= Self.maxSlowNames { state.slowNames.removeAll() }
          state.slowNames.insert(work.name)
        } else {
          state.slowNames.remove(work.name)
        }
        return state.askers.removeValue(forKey: work.name) ?? []
      }
      for asker in askers { asker.done(answer) }
      next = nextWork(for: queue)
    }
  }

  /// The next name that somebody still asks for; none makes the queue idle.
  private func nextWork(for queue: Int) -> Work? {
    let now = MonotonicInstant.now()
    var late: [Asker] = []
    let next = state.withLock { state -> Work? in
      while true {
        let before = state.slowThreads
        guard let name = state.popWaiting() else { break }
        let isSlow = state.slowThreads > before
        let askers = state.askers[name] ?? []
        if askers.contains(where: { $0.deadline > now }) { return Work(name: name, isSlow: isSlow) }
        if isSlow { state.slowThreads -= 1 }
        state.askers[name] = nil
        late += askers
      }
      state.idleQueues.append(queue)
      return nil
    }
    for asker in late { asker.done(.unavailable("no thread was free in time")) }
    return next
  }
}

extension NameAnswer {
  fileprivate var isUnavailable: Bool { if case .unavailable = self { true } else { false } }
}
