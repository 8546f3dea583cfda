internal import DequeModule
internal import Dispatch
package import Reactor

/// Asks the system, which blocks, on a few threads of its own.
///
/// Whoever asks for a name that is being looked up waits for that answer: a name takes one thread at
/// most, however slow its servers are. A lookup that hangs keeps its thread until the system gives up
/// (`resolv.conf(5)`), and nothing else. Names that are not known to answer take half of the threads at
/// most: dead ones, however many and however new, leave the others theirs. Beyond ``maxWaiting`` names
/// the answer is at once that there is none.
package final class SystemResolver: NameResolver {
  /// For the whole process.
  package static let shared = SystemResolver()

  /// Most lookups at a time.
  package static let defaultThreads = 16
  /// Most names that wait for a thread.
  package static let maxWaiting = 1024
  /// A lookup that takes longer counts against its name; two in a row do, and not one, which a lost
  /// packet is enough for.
  private static let slow = Duration.seconds(1)
  private static let maxStrikes = 2
  /// Names that are remembered as answering; beyond it all are forgotten.
  private static let maxKnownNames = 10_000
  /// Every so often a doubtful name that waits comes before the others.
  private static let doubtfulTurn = 4

  private struct Asker {
    let deadline: MonotonicInstant
    let done: @Sendable (NameAnswer) -> Void
  }

  private struct State {
    /// Who waits for which name, be it looked up already or not.
    var askers: [String: [Asker]] = [:]
    /// Names that wait for a thread.
    var waiting = Deque<String>()
    /// Names that wait for one of the threads for those that are not known to answer.
    var waitingDoubtful = Deque<String>()
    /// Names that answered in time, and how often in a row they have not since.
    var strikes: [String: Int] = [:]
    /// Threads that are at doubtful names, and how many may be.
    var doubtfulThreads = 0
    let maxDoubtfulThreads: Int
    var turn = 0
    var idleQueues: [Int]

    /// A name for a thread that is free; counts it. Nil when it has to wait.
    mutating func admit(_ name: String) -> Work? {
      guard strikes[name] == nil else { return Work(name: name, isDoubtful: false) }
      guard doubtfulThreads < maxDoubtfulThreads else { return nil }
      doubtfulThreads += 1
      return Work(name: name, isDoubtful: true)
    }

    /// The next name in turn for a thread that is free.
    mutating func popWaiting() -> Work? {
      turn += 1
      let isDoubtfulsTurn = waiting.isEmpty || turn.isMultiple(of: SystemResolver.doubtfulTurn)
      if isDoubtfulsTurn, doubtfulThreads < maxDoubtfulThreads,
        let name = waitingDoubtful.popFirst()
      {
        doubtfulThreads += 1
        return Work(name: name, isDoubtful: true)
      }
      return waiting.popFirst().map { Work(name: $0, isDoubtful: false) }
    }

    /// A lookup is over.
    mutating func ended(_ work: Work, inTime: Bool) {
      if work.isDoubtful { doubtfulThreads -= 1 }
      if inTime {
        if strikes.count >= SystemResolver.maxKnownNames { strikes.removeAll() }
        strikes[work.name] = 0
      } else if let count = strikes[work.name] {
        strikes[work.name] = count + 1 < SystemResolver.maxStrikes ? count + 1 : nil
      }
    }
  }

  /// A name that has a thread.
  private struct Work {
    let name: String
    let isDoubtful: Bool
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
      State(maxDoubtfulThreads: max(1, queues.count / 2), idleQueues: Array(queues.indices)))
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
      if !state.idleQueues.isEmpty, let work = state.admit(name) {
        state.askers[name] = [asker]
        return .queue(state.idleQueues.removeLast(), work)
      }
      let isKnown = state.strikes[name] != nil
      let others = isKnown ? state.waiting.count : state.waitingDoubtful.count
      guard others < Self.maxWaiting else { return .refused }
      state.askers[name] = [asker]
      if isKnown { state.waiting.append(name) } else { state.waitingDoubtful.append(name) }
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
      let isInTime = !answer.isUnavailable && begin.duration(to: .now()) <= Self.slow
      let askers = state.withLock { state -> [Asker] in
        state.ended(work, inTime: isInTime)
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
      while let work = state.popWaiting() {
        let askers = state.askers[work.name] ?? []
        if askers.contains(where: { $0.deadline > now }) { return work }
        if work.isDoubtful { state.doubtfulThreads -= 1 }
        state.askers[work.name] = nil
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
