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

    func begun(at now: MonotonicInstant) -> Frame {
      switch self {
      case .header: .header(since: now)
      case .body(_, let length): .body(since: now, length: length)
      }
    }
  }

  private var lastHeard: MonotonicInstant
  private var frame: Frame?
  /// Nothing is read, so nothing can be held against a frame.
  private var isPaused = false
  private var unsentBytes = 0
  private var totalSent: UInt64 = 0
  private var lastSent: MonotonicInstant

  package init(now: MonotonicInstant) {
    lastHeard = now
    lastSent = now
  }

  /// Bytes have arrived.
  package mutating func heard(at now: MonotonicInstant) { lastHeard = now }

  /// The server stops reading.
  package mutating func pause() { isPaused = true }

  /// The server reads again: the frame in progress has all its time once more.
  package mutating func resume(at now: MonotonicInstant) {
    isPaused = false
    frame = frame?.begun(at: now)
  }

  /// A frame is complete, or skipped to its end.
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
  /// - Returns: whether it has taken some since the last time.
  @discardableResult
  package mutating func observe(
    unsentBytes: Int, totalSent: UInt64, at now: MonotonicInstant
  ) -> Bool {
    let hasTaken = totalSent != self.totalSent
    if unsentBytes == 0 || self.unsentBytes == 0 || hasTaken { lastSent = now }
    self.unsentBytes = unsentBytes
    self.totalSent = totalSent
    return hasTaken
  }

  /// What there is to complain about.
  /// - Parameter isIdle: no call runs.
  package func fault(
    at now: MonotonicInstant, _ limits: ServerLimits, isIdle: Bool
  ) -> Fault? {
    if unsentBytes > 0, lastSent.duration(to: now) >= limits.outboundStall {
      return .outboundStall
    }
    switch isPaused ? nil : frame {
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
