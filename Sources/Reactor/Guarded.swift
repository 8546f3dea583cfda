internal import Synchronization

/// A value behind a lock, as ``Mutex``, whose order the thread sanitizer sees too.
///
/// The slow path of a contended `Mutex` is in a library that Swift 6.3 ships without instrumentation,
/// so on Linux the sanitizer takes the two owners for racing. A store at the end of each ownership and
/// a load at the beginning of the next tell it; both are plain moves on x86.
package struct Guarded<Value>: ~Copyable, Sendable {
  private let mutex: Mutex<Value>
  private let order = Atomic<UInt8>(0)

  package init(_ value: sending Value) {
    mutex = Mutex(value)
  }

  /// Calls `body` as the only owner of the value. For moments: nobody waits for anything in there.
  package borrowing func withLock<Result, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    try mutex.withLock { value throws(Failure) in
      _ = order.load(ordering: .acquiring)
      defer { order.store(0, ordering: .releasing) }
      return try body(&value)
    }
  }
}
