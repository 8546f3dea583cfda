import Synchronization

/// Numbers one after the other.
final class Numbers: Sendable {
  private let last = Atomic<Int>(0)
  func next() -> Int { last.wrappingAdd(1, ordering: .relaxed).newValue }
}
