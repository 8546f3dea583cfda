extension RetryPolicy {
  /// What becomes of a delivery after an attempt that ended with `outcome`. A function of its
  /// arguments alone.
  ///
  /// - Parameters:
  ///   - attemptsSpent: attempts of this delivery that counted, before this one.
  ///   - consecutiveOwnFaults: faults of our own since the last attempt that counted, before this
  ///     one. They count against nothing and have no limit here: the age of the event has one.
  ///   - random: evenly distributed; chooses the jitter.
  package func decide(
    _ outcome: AttemptOutcome, attemptsSpent: Int, consecutiveOwnFaults: Int, random: UInt64
  ) -> Verdict {
    switch outcome {
    case .response(let status, let retryAfter):
      switch statusRules.reaction(to: status) {
      case nil: .succeeded
      case .retry: retry(attemptsSpent: attemptsSpent, notBefore: retryAfter, random: random)
      case .fail: .failed(.status(status))
      case .disable: .failedAndDisable(.status(status))
      }
    case .failure(.theirs):
      retry(attemptsSpent: attemptsSpent, notBefore: nil, random: random)
    case .failure(.ours):
      .retry(after: Self.ownFaultDelay(after: consecutiveOwnFaults), spendsBudget: false)
    case .permanentFailure(let fault):
      .failed(.permanent(fault))
    }
  }

  private func retry(attemptsSpent: Int, notBefore asked: Duration?, random: UInt64) -> Verdict {
    let spent = max(0, attemptsSpent)
    guard spent < schedule.delays.count else {
      return .failed(.exhausted(attempts: attempts))
    }
    let delay = jittered(schedule.delays[spent], notBefore: asked, random: random)
    return .retry(after: delay, spendsBudget: true)
  }

  /// A moment between `delay` less and `delay` more the jitter, in whole milliseconds.
  ///
  /// When the receiver asks for more, the wait lies between what it asks, at most 24 hours, and the
  /// jitter above it, so that those who were all told the same do not come back at once. A request
  /// of the receiver's never makes a wait longer than 24 hours that was not so by itself.
  private func jittered(_ delay: Duration, notBefore asked: Duration?, random: UInt64) -> Duration {
    let base = delay.milliseconds
    var earliest = base - jitter(of: base)
    var latest = base + jitter(of: base)
    if let asked {
      let cap = Self.longestRetryAfter.milliseconds
      let floor = min(max(asked, .zero), Self.longestRetryAfter).milliseconds
      earliest = max(earliest, floor)
      latest = max(latest, min(floor + jitter(of: floor), cap))
    }
    let choices = UInt64(latest - earliest) + 1
    return .milliseconds(earliest + Int64(choices.multipliedFullWidth(by: random).high))
  }

  private func jitter(of milliseconds: Int64) -> Int64 {
    milliseconds * Int64(jitterPercent) / 100
  }

  /// 1 second, doubled with every fault in a row, at most a minute.
  private static func ownFaultDelay(after faults: Int) -> Duration {
    min(.seconds(1 << min(max(0, faults), 6)), longestOwnFaultDelay)
  }
}

extension Duration {
  /// Rounded up to whole milliseconds, so that no wait ends before its time.
  fileprivate var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
  }
}
