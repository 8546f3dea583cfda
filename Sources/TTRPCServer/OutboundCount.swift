/// What waits for the clients of one loop, and how much of it is entered in the ``OutboundBudget``.
struct OutboundCount {
  private(set) var bytes = 0
  /// Bytes of the connection with most, or more: it may have sent some since.
  private(set) var heaviest = 0
  private var entered = 0
  private let step: Int

  init(step: Int) {
    self.step = step
  }

  /// Notes that a connection has gone from `old` to `new` bytes. What to enter, when it is time.
  mutating func change(from old: Int, to new: Int) -> Int? {
    bytes += new - old
    heaviest = min(max(heaviest, new), bytes)
    guard bytes > entered || bytes + 2 * step <= entered else { return nil }
    return settle()
  }

  /// What to enter now.
  mutating func settle() -> Int {
    entered = (bytes + step - 1) / step * step
    return entered
  }

  /// Notes how much the connection with most has, which somebody has looked up.
  mutating func found(heaviest: Int) {
    self.heaviest = heaviest
  }
}
