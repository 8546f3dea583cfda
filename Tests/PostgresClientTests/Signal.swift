import Synchronization

/// Raised by one task, awaited by another; counts.
final class Signal: Sendable {
  private struct State {
    var count = 0
    var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }
  private let state = Mutex(State())

  func raise() {
    let due = state.withLock { state in
      state.count += 1
      let count = state.count
      let due = state.waiters.filter { $0.count <= count }
      state.waiters.removeAll { $0.count <= count }
      return due
    }
    for waiter in due { waiter.continuation.resume() }
  }

  func wait(count: Int = 1) async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        guard state.count < count else { return true }
        state.waiters.append((count, continuation))
        return false
      }
      if isOver { continuation.resume() }
    }
  }
}

/// Where several tasks meet the first time they come by; later visits pass.
final class Meeting: Sendable {
  private let parties: Int
  private let signal = Signal()

  init(parties: Int) { self.parties = parties }

  func arrive() async {
    signal.raise()
    await signal.wait(count: parties)
  }
}

final class Counter: Sendable {
  private let value = Atomic<Int>(0)

  var count: Int { value.load(ordering: .sequentiallyConsistent) }

  @discardableResult
  func next() -> Int { value.add(1, ordering: .sequentiallyConsistent).newValue }
}

/// What happened, in order.
final class Record<Entry: Sendable>: Sendable {
  private let list = Mutex<[Entry]>([])

  var entries: [Entry] { list.withLock { $0 } }

  func append(_ entry: Entry) { list.withLock { $0.append(entry) } }
}
