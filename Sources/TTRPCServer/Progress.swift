package import Reactor

/// How patient a server has been with a client: when it was last heard, how long the frame in
/// progress has been arriving, since when it takes no answers. A pure value.
package struct Progress: Sendable {
  /// Why patience is over.
  package enum Fault: Equatable, Sendable {
    case idle, slowHeader, slowBody, outboundStall
  }

  private enum Frame {
    case header(since: MonotonicInstant)
    case body(since: MonotonicInstant, length: Int)

    var since: MonotonicInstant {
      switch self {
      case .header(let since), .body(let since, _): since
      }
    }
  }

  private var lastHeard: MonotonicInstant
  private var frame: Frame?
  private var unsentBytes = 0
  private var totalSent: UInt64 = 0
  private var lastSent: MonotonicInstant

  package init(now: MonotonicInstant) {
    lastHeard = now
    lastSent = now
  }

  /// Bytes have arrived.
  package mutating func heard(at now: MonotonicInstant) { lastHeard = now }

  /// A frame is complete.
  package mutating func frameEnded() { frame = nil }

  /// A header has arrived in part.
  package mutating func headerPending(at now: MonotonicInstant) {
    if frame == nil { frame = .header(since: now) }
  }

  /// The data of a frame has arrived in part.
  package mutating func bodyPending(length: Int, at now: MonotonicInstant) {
    frame = .body(since: frame?.since ?? now, length: length)
  }

  /// The data of a frame is being skipped.
  package mutating func frameRefused(length: Int, at now: MonotonicInstant) {
    bodyPending(length: length, at: now)
  }

  /// Notes what waits for the client and how much it has taken since the beginning.
  package mutating func observe(
    unsentBytes: Int, totalSent: UInt64, at now: MonotonicInstant
  ) {
    if unsentBytes == 0 || self.unsentBytes == 0 || totalSent != self.totalSent { lastSent = now }
    self.unsentBytes = unsentBytes
    self.totalSent = totalSent
  }

  /// What there is to complain about.
  /// - Parameter isIdle: no call runs.
  package func fault(
    at now: MonotonicInstant, _ limits: ServerLimits, isIdle: Bool
  ) -> Fault? {
    if unsentBytes > 0, lastSent.duration(to: now) >= limits.outboundStall {
      return .outboundStall
    }
    switch frame {
    case .header(let since):
      if since.duration(to: now) >= limits.headerTime { return .slowHeader }
    case .body(let since, let length):
      let allowed =
        limits.bodyGrace + .seconds(Double(length) / Double(max(1, limits.minBytesPerSecond)))
      if since.duration(to: now) >= allowed { return .slowBody }
    case nil: break
    }
    if isIdle, unsentBytes == 0, lastHeard.duration(to: now) >= limits.idleTime { return .idle }
    return nil
  }
}
