internal import Logging
internal import Reactor
internal import TTRPC

/// Time, and the ways a connection ends.
extension ServerConnection {
  // MARK: Deadlines of calls

  /// One timer per connection, for the earliest deadline: calls that end in time, as nearly all
  /// do, leave it alone.
  struct DeadlineTimer {
    private(set) var earliest = Deadline.never
    private var timer: LoopTimer?

    /// - Returns: the timer to cancel.
    mutating func set(_ deadline: Deadline, _ timer: LoopTimer?) -> LoopTimer? {
      let last = self.timer
      self.timer = timer
      earliest = deadline
      return last
    }
  }

  /// Sees that `deadline` is kept.
  func watchDeadline(_ deadline: Deadline) {
    guard deadline < deadlines.earliest else { return }
    let timer = loop.schedule(at: deadline.instant) { [weak self] in self?.deadlinePassed() }
    deadlines.set(deadline, timer)?.cancel()
  }

  private func deadlinePassed() {
    deadlines.set(.never, nil)?.cancel()
    let now = Deadline(at: loop.now)
    var next = Deadline.never
    for (id, call) in streams.calls {
      if call.deadline <= now {
        abort(id, .deadlineExceeded)
      } else {
        next = next.sooner(call.deadline)
      }
    }
    if !isClosed { watchDeadline(next) }
  }

  // MARK: Ending

  /// Refuses new calls and closes when what runs has ended.
  func drain() {
    guard case .serving = phase else { return }
    phase = .draining
    leaveIfDone()
  }

  /// Reads nothing more and closes when what runs has ended, or after `time`.
  func finish(within time: Duration) {
    guard isServing else { return }
    phase = .finishing(until: loop.now.advanced(by: time))
    resume()
    leaveIfDone()
    if time == .zero {
      cancelEverything()
      leave()
    }
  }

  /// Closes if nothing runs and there is nothing more to come.
  func leaveIfDone() {
    switch phase {
    case .draining, .finishing: if running == 0 { leave() }
    case .serving, .leaving, .closed: break
    }
  }

  /// Sends what is waiting and closes; the client is given a moment to close first, so that it has
  /// seen every byte.
  func leave() {
    switch phase {
    case .serving, .draining, .finishing: break
    case .leaving, .closed: return
    }
    phase = .leaving(until: loop.now.advanced(by: limits.halfClosedTime))
    resume()
    socket.finishWriting()
  }

  /// Cancels every handler. What they still return is dropped.
  func cancelEverything() {
    for (id, call) in streams.calls {
      _ = streams.abandon(id)
      call.inbound?.fail(RPCError(.cancelled, "the connection is being closed"))
      call.run.cancel()
    }
  }

  /// Answers what runs with UNAVAILABLE, cancels it, and closes.
  func cutOff() {
    let error = RPCError(
      .unavailable, "the server is shutting down; what the call did so far stands",
      details: [.errorInfo(reason: "SHUTTING_DOWN")])
    for (id, _) in streams.calls { abort(id, error) }
    leave()
  }

  // MARK: Patience

  /// Called a few times per shortest limit: closes what is too slow, idle or overdue.
  func sweep() {
    let now = loop.now
    let takesAnswers = progress.observe(
      unsentBytes: socket.unsentBytes, totalSent: socket.totalBytesSent, at: now)
    // Copies, or they would be lent to comparisons, and each look at them be checked for exclusivity.
    let (phase, progress) = (phase, progress)
    switch phase {
    case .closed: return
    case .finishing(let until) where until <= now:
      cancelEverything()
      leave()
      return
    case .leaving(let until):
      // Who reads is not cut short (C10).
      if takesAnswers {
        self.phase = .leaving(until: now.advanced(by: limits.halfClosedTime))
      } else if until <= now {
        socket.close()
      }
      return
    case .serving, .draining, .finishing: break
    }
    switch progress.fault(at: now, limits, isIdle: running == 0 && !isPaused) {
    case nil: break
    case .idle:
      log("closing: idle")
      leave()
    case .slowHeader, .slowBody:
      log("closing: a frame takes too long to arrive")
      cancelEverything()
      leave()
    case .outboundStall:
      log("closing: the client takes no answers", level: .warning)
      socket.close()
    }
  }
}
