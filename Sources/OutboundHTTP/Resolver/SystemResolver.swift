internal import Dispatch
package import Reactor

/// Asks the system, which blocks, on a few threads of its own.
///
/// Whoever asks for a name that is being looked up waits for that answer: a name takes one thread at
/// most, however slow its servers are. A lookup that hangs keeps its thread until the system gives up
/// (`resolv.conf(5)`), and nothing else. Beyond ``maxWaiting`` names the answer is at once that there
/// is none.
package final class SystemResolver: NameResolver {
  /// For the whole process.
  package static let shared = SystemResolver()

  /// Most lookups at a time.
  package static let defaultThreads = 16
  /// Most names that wait for a thread.
  package static let maxWaiting = 1024

  private struct Asker {
    let deadline: MonotonicInstant
    let done: @Sendable (NameAnswer) -> Void
  }

  private struct State {
    /// Who waits for which name, be it looked up already or not.
    var askers: [String: [Asker]] = [:]
    /// Names that wait for a thread.
    var waiting: [String] = []
    var idleQueues: [Int]
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
    state = Guarded(State(idleQueues: Array(queues.indices)))
  }

  package func resolve(
    _ name: String, by deadline: MonotonicInstant, _ done: @escaping @Sendable (NameAnswer) -> Void
  ) {
    let asker = Asker(deadline: deadline, done: done)
    enum Turn { case shared, queue(Int), waits, refused }
    let turn = state.withLock { state -> Turn in
      if state.askers[name] != nil {
        state.askers[name]?.append(asker)
        return .shared
      }
      if let queue = state.idleQueues.popLast() {
        state.askers[name] = [asker]
        return .queue(queue)
      }
      guard state.waiting.count < Self.maxWaiting else { return .refused }
      state.askers[name] = [asker]
      state.waiting.append(name)
      return .waits
    }
    switch turn {
    case .shared, .waits: break
    case .queue(let queue): queues[queue].async { self.work(on: queue, first: name) }
    case .refused: done(.unavailable("too many names are being looked up"))
    }
  }

  /// Looks up one name after the other until none waits.
  private func work(on queue: Int, first: String) {
    var next: String? = first
    while let name = next {
      let answer = lookUp(name)
      let askers = state.withLock { $0.askers.removeValue(forKey: name) } ?? []
      for asker in askers { asker.done(answer) }
      next = nextName(for: queue)
    }
  }

  /// The next name that somebody still asks for; none makes the queue idle.
  private func nextName(for queue: Int) -> String? {
    let now = MonotonicInstant.now()
    var late: [Asker] = []
    let next = state.withLock { state -> String? in
      while !state.waiting.isEmpty {
        let name = state.waiting.removeFirst()
        let askers = state.askers[name] ?? []
        if askers.contains(where: { $0.deadline > now }) { return name }
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
