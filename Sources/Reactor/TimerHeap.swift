/// An action that its loop runs once, later. Belongs to the loop's thread.
package final class LoopTimer {
  let deadline: MonotonicInstant
  var action: (() -> Void)?
  /// Place in the heap; -1 when not in it.
  fileprivate(set) var position = -1
  private let loop: EventLoop

  init(deadline: MonotonicInstant, on loop: EventLoop, action: @escaping () -> Void) {
    self.deadline = deadline
    self.action = action
    self.loop = loop
  }

  /// Whether the action is still to run.
  package var isPending: Bool { action != nil }

  /// Takes the action back and frees it. Nothing happens when it ran or was cancelled before.
  /// Only on the loop.
  package func cancel() {
    guard action != nil else { return }
    action = nil
    loop.remove(self)
  }
}

/// Timers by deadline: a 4-ary heap whose entries know their place, so that taking back one of a
/// hundred thousand costs as little as the usual case deserves: nearly every deadline of a call is
/// cancelled, and the youngest sits at the bottom.
struct TimerHeap {
  private struct Entry {
    let deadline: MonotonicInstant
    let timer: LoopTimer
  }

  private var entries: ContiguousArray<Entry> = []

  var isEmpty: Bool { entries.isEmpty }
  var count: Int { entries.count }
  var earliest: MonotonicInstant? { entries.first?.deadline }

  mutating func insert(_ timer: LoopTimer) {
    let entry = Entry(deadline: timer.deadline, timer: timer)
    entries.append(entry)
    rise(entry, from: entries.count - 1)
  }

  /// Removes and returns the earliest timer if it is due at `now`.
  mutating func popDue(_ now: MonotonicInstant) -> LoopTimer? {
    guard let first = entries.first, first.deadline <= now else { return nil }
    remove(first.timer)
    return first.timer
  }

  mutating func remove(_ timer: LoopTimer) {
    let hole = timer.position
    guard hole >= 0 else { return }
    timer.position = -1
    let last = entries.removeLast()
    guard hole < entries.count else { return }
    if hole > 0, last.deadline < entries[(hole - 1) / 4].deadline {
      rise(last, from: hole)
    } else {
      sink(last, from: hole)
    }
  }

  mutating func removeAll() {
    for entry in entries {
      entry.timer.position = -1
      entry.timer.action = nil
    }
    entries = []
  }

  private mutating func rise(_ entry: Entry, from start: Int) {
    var position = start
    while position > 0 {
      let parent = (position - 1) / 4
      guard entry.deadline < entries[parent].deadline else { break }
      place(entries[parent], at: position)
      position = parent
    }
    place(entry, at: position)
  }

  private mutating func sink(_ entry: Entry, from start: Int) {
    var position = start
    while true {
      let firstChild = position * 4 + 1
      guard firstChild < entries.count else { break }
      var least = firstChild
      for child in (firstChild + 1)..<max(firstChild + 1, min(firstChild + 4, entries.count))
      where entries[child].deadline < entries[least].deadline {
        least = child
      }
      guard entries[least].deadline < entry.deadline else { break }
      place(entries[least], at: position)
      position = least
    }
    place(entry, at: position)
  }

  private mutating func place(_ entry: Entry, at position: Int) {
    entries[position] = entry
    entry.timer.position = position
  }
}
