internal import Reactor
internal import Synchronization

/// Whose payloads are checked on a loop, and for how long in one of its turns.
///
/// Schemas and payloads are a tenant's own. So of each tenant one check at a time is under way on a loop, the
/// others wait in the order in which they came, and all of them together get a ration of each turn. However
/// much a tenant sends, it keeps others waiting for its ration only, and one document in memory.
final class SchemaTurns: Sendable {
  /// Steps of a turn: about a millisecond.
  static let ration = 20_000
  /// Bytes of a payload that take as long to read as a step.
  private static let bytesOfStep = 16
  /// Rations kept that nobody uses.
  private static let maxIdle = 1_000

  fileprivate struct Key: Hashable {
    let loop: ObjectIdentifier?
    let tenant: TenantID
  }

  private struct Entry {
    var turn: MonotonicInstant
    var left = ration
    var isTaken = true
    var waiting: [Completion<Void>] = []
  }

  /// A check that is under way. Give it back with ``leave(_:)``.
  struct Place {
    fileprivate let key: Key
    fileprivate var turn: MonotonicInstant
    /// Steps until others have a turn.
    fileprivate(set) var left: Int

    mutating func noteReading(_ bytes: Int) { left -= bytes / SchemaTurns.bytesOfStep }

    mutating func note(_ steps: Int) { left -= steps }

    /// Lets others have a turn, if it is time.
    /// - Throws: `DeadlineExceeded`, `CancellationError`.
    mutating func pauseIfDue(_ deadline: Deadline) async throws {
      guard left <= 0 else { return }
      try Task.checkCancellation()
      if deadline.hasPassed { throw DeadlineExceeded() }
      if let loop = EventLoop.current { await loop.nextTurn() } else { await Task.yield() }
      left = SchemaTurns.ration
      turn = SchemaTurns.now
    }
  }

  private let entries = Mutex<[Key: Entry]>([:])

  /// Waits until no other check of the tenant is under way on this loop.
  /// - Throws: `DeadlineExceeded`, `CancellationError`.
  func enter(_ tenant: TenantID, _ deadline: Deadline) async throws -> Place {
    let loop = EventLoop.current
    let key = Key(loop: loop.map { ObjectIdentifier($0) }, tenant: tenant)
    let turn = Self.now
    let (place, wait) = entries.withLock { entries -> (Place?, Completion<Void>?) in
      if entries[key]?.isTaken == true {
        let wait = Completion<Void>()
        entries[key]?.waiting.append(wait)
        return (nil, wait)
      }
      if entries.count > Self.maxIdle { entries = entries.filter { $0.value.isTaken } }
      let left = entries[key].map { $0.turn == turn ? $0.left : Self.ration } ?? Self.ration
      entries[key, default: Entry(turn: turn)].isTaken = true
      return (Place(key: key, turn: turn, left: left), nil)
    }
    if let place { return place }
    if let wait {
      if let loop { try await wait.value(by: deadline, on: loop) } else { try await wait.value() }
    }
    // Handed over by the one before.
    let now = Self.now
    let left = entries.withLock { $0[key].map { $0.turn == now ? $0.left : Self.ration } }
    return Place(key: key, turn: now, left: left ?? Self.ration)
  }

  /// Ends a check; the next one goes on with what is left of this turn.
  func leave(_ place: Place) {
    entries.withLock { entries in
      guard var entry = entries.removeValue(forKey: place.key) else { return }
      (entry.turn, entry.left, entry.isTaken) = (place.turn, place.left, false)
      while !entry.isTaken, !entry.waiting.isEmpty {
        // False for one that gave up.
        entry.isTaken = entry.waiting.removeFirst().succeed(())
      }
      entries[place.key] = entry
    }
  }

  /// On a loop the same all through a turn.
  private static var now: MonotonicInstant { EventLoop.current?.now ?? .now() }
}
