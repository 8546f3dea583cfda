internal import Reactor

/// Memory for answers that wait for their clients, shared by all loops.
///
/// Each loop counts its own bytes and enters them here in steps, rounded up: what is entered is never
/// less than what waits, and the lock is rarely taken.
final class OutboundBudget: Sendable {
  /// What a loop has entered.
  private struct Share {
    let loop: EventLoop
    let relieve: @Sendable () -> Void
    var bytes = 0
    /// Bytes of the connection with most, or more.
    var heaviest = 0
  }

  /// Bytes by which loops enter.
  let step: Int
  private let maxBytes: Int
  /// From here on the connection with most is closed, on whichever loop it lives.
  private let reliefMark: Int
  private let shares = Guarded<[Share]>([])

  init(_ limits: ServerLimits, loopCount: Int) {
    maxBytes = limits.maxOutboundBytes
    reliefMark = maxBytes - maxBytes / 8
    step = max(4096, maxBytes / (64 * loopCount))
  }

  /// Lets a loop take part.
  /// - Parameter relieve: called on the loop when it may be the one that has to close a connection.
  /// - Returns: the number under which it enters.
  func join(_ loop: EventLoop, relieve: @escaping @Sendable () -> Void) -> Int {
    shares.withLock { shares in
      shares.append(Share(loop: loop, relieve: relieve))
      return shares.count - 1
    }
  }

  /// Enters what waits on a loop.
  /// - Returns: whether too much waits and this loop has to close its heaviest connection. When
  ///   another one has to, it is told.
  func enter(_ bytes: Int, heaviest: Int, for member: Int) -> Bool {
    let worst = shares.withLock { shares -> Share? in
      shares[member].bytes = bytes
      shares[member].heaviest = heaviest
      let total = shares.reduce(0) { $0 + $1.bytes }
      guard total > reliefMark else { return nil }
      // At the bound itself nobody is waited for.
      if total > maxBytes { return shares[member] }
      return shares.max { $0.heaviest < $1.heaviest }
    }
    guard let worst else { return false }
    if worst.loop.isCurrent { return heaviest > 0 }
    worst.loop.submit(worst.relieve)
    return false
  }

  /// Bytes entered now.
  var entered: Int { shares.withLock { $0.reduce(0) { $0 + $1.bytes } } }
}
