import DeliveryRules
import Testing

@Suite struct RetryDecisionTests {
  private func decide(
    _ outcome: AttemptOutcome, by policy: RetryPolicy = .default, spent: Int = 0, own: Int = 0,
    random: UInt64 = 0
  ) -> Verdict {
    policy.decide(outcome, attemptsSpent: spent, consecutiveOwnFaults: own, random: random)
  }

  private func status(_ status: Int, retryAfter: Duration? = nil) -> AttemptOutcome {
    .response(status: status, retryAfter: retryAfter)
  }

  @Test("2xx succeeds, whatever was spent", arguments: [200, 201, 202, 204, 226, 299])
  func success(code: Int) {
    for spent in [0, 3, 4, 1000] {
      #expect(decide(status(code, retryAfter: .seconds(9)), spent: spent) == .succeeded)
    }
  }

  @Test(
    "other statuses are tried again",
    arguments: [100, 301, 302, 307, 400, 401, 404, 408, 409, 413, 425, 429, 500, 502, 503, 600])
  func retried(code: Int) {
    #expect(decide(status(code)) == .retry(after: .seconds(60), spendsBudget: true))
  }

  @Test("410 ends the delivery and disables the webhook, whatever was spent", arguments: [0, 3, 9])
  func gone(spent: Int) {
    #expect(decide(status(410), spent: spent) == .failedAndDisable(.status(410)))
  }

  @Test("a rule ends the delivery at once")
  func rules() throws {
    let rules = try StatusRules([
      StatusRule(first: 400, last: 409, reaction: .fail),
      StatusRule(first: 500, last: 599, reaction: .disable),
    ])
    let policy = try RetryPolicy(schedule: .standard, statusRules: rules)
    #expect(
      decide(status(404, retryAfter: .seconds(5)), by: policy) == .failed(.status(404)))
    #expect(decide(status(503), by: policy) == .failedAndDisable(.status(503)))
  }

  @Test("a failure of theirs is tried again until the attempts are spent")
  func exhaustion() {
    for policy in [RetryPolicy.default, .standard, .fast, .none] {
      for spent in 0..<policy.attempts + 3 {
        for outcome in [AttemptOutcome.failure(.theirs), status(500)] {
          switch decide(outcome, by: policy, spent: spent) {
          case .retry(_, spendsBudget: true): #expect(spent < policy.attempts - 1)
          case .failed(.exhausted(let attempts)):
            #expect(spent >= policy.attempts - 1)
            #expect(attempts == policy.attempts)
          case let other: Issue.record("\(other)")
          }
        }
      }
    }
  }

  @Test("the delays are those of the schedule, in order")
  func order() throws {
    let policy = try RetryPolicy(schedule: .standard, jitterPercent: 0)
    for (spent, delay) in RetrySchedule.standard.delays.enumerated() {
      #expect(
        decide(status(500), by: policy, spent: spent, random: .max)
          == .retry(after: delay, spendsBudget: true))
    }
  }

  @Test("numbers from a damaged row do not trap", arguments: [Int.min, -1, .max])
  func damaged(number: Int) {
    let spent = decide(status(500), spent: number)
    #expect(
      spent
        == (number < 0
          ? .retry(after: .seconds(60), spendsBudget: true)
          : .failed(.exhausted(attempts: 4))))
    let own = decide(.failure(.ours), own: number)
    #expect(own == .retry(after: .seconds(number < 0 ? 1 : 60), spendsBudget: false))
  }

  @Test("what no other attempt can mend fails at once", arguments: Fault.allCases)
  func permanent(fault: Fault) {
    #expect(decide(.permanentFailure(fault), by: .standard) == .failed(.permanent(fault)))
  }

  @Test(
    "our own faults spend nothing and wait 1 second, doubled up to a minute",
    arguments: [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (7, 60), (1000, 60)])
  func ownFaults(faults: Int, seconds: Int) {
    for policy in [RetryPolicy.none, .default, .fast] {
      for spent in [0, 3, 100] {
        #expect(
          decide(.failure(.ours), by: policy, spent: spent, own: faults, random: 7)
            == .retry(after: .seconds(seconds), spendsBudget: false))
      }
    }
  }

  @Test(
    "Retry-After lengthens a wait, never shortens it, and is cut at 24 hours",
    arguments: [
      (0, 60), (-5, 60), (59, 60), (60, 60), (61, 61), (120, 120), (86_400, 86_400),
      (86_401, 86_400), (1_000_000_000, 86_400),
    ])
  func retryAfter(asked: Int, waited: Int) {
    #expect(
      decide(status(429, retryAfter: .seconds(asked)), random: 1)
        == .retry(after: .seconds(waited), spendsBudget: true))
  }

  @Test("Retry-After does not shorten a schedule that waits longer than a day")
  func retryAfterBelowSchedule() throws {
    let policy = try RetryPolicy(schedule: RetrySchedule(custom: [.seconds(604_800)]))
    #expect(
      decide(status(503, retryAfter: .seconds(90_000)), by: policy)
        == .retry(after: .seconds(604_800), spendsBudget: true))
  }

  @Test("a fraction of a millisecond is waited for")
  func fractions() {
    let asked: Duration = .seconds(60) + .nanoseconds(1)
    #expect(
      decide(status(503, retryAfter: asked))
        == .retry(after: .milliseconds(60_001), spendsBudget: true))
  }

  @Test("the least and the greatest random number give the ends of the jitter")
  func jitterEnds() throws {
    let policy = try RetryPolicy(schedule: .default, jitterPercent: 20)
    let ends: [(UInt64, Duration?, Int)] = [
      (.min, nil, 48), (.max, nil, 72), (.min, .seconds(10), 48), (.min, .seconds(50), 50),
      (.max, .seconds(50), 72), (.min, .seconds(100), 100), (.max, .seconds(100), 120),
      (.min, .seconds(86_400), 86_400), (.max, .seconds(86_400), 86_400),
      (.max, .seconds(80_000), 86_400),
    ]
    for (random, asked, seconds) in ends {
      #expect(
        decide(status(503, retryAfter: asked), by: policy, random: random)
          == .retry(after: .seconds(seconds), spendsBudget: true))
    }
  }

  @Test("a wait keeps its bounds, never ends before it is asked to, and depends on nothing else")
  func bounds() throws {
    var random = SplitMix(state: 3)
    for _ in 0..<20_000 {
      let delays = (0..<Int.random(in: 1...50, using: &random)).map { _ in
        Duration.milliseconds(Int64.random(in: 1000...604_800_000, using: &random))
      }
      let percent = Int.random(in: 0...50, using: &random)
      let policy = try RetryPolicy(schedule: RetrySchedule(custom: delays), jitterPercent: percent)
      let spent = Int.random(in: delays.indices, using: &random)
      let asked: Duration? =
        Bool.random(using: &random)
        ? .milliseconds(Int64.random(in: -10...200_000_000, using: &random)) : nil
      let number = random.next()
      let verdict = decide(
        status(503, retryAfter: asked), by: policy, spent: spent, random: number)
      guard case .retry(let wait, spendsBudget: true) = verdict else {
        Issue.record("\(verdict)")
        continue
      }
      let base = delays[spent]
      let day: Duration = .seconds(86_400)
      #expect(wait >= base * (100 - percent) / 100)
      #expect(wait <= max(base * (100 + percent) / 100, asked == nil ? .zero : day))
      #expect(wait >= min(asked ?? .zero, day))
      #expect(
        decide(status(503, retryAfter: asked), by: policy, spent: spent, random: number) == verdict)
    }
  }

  @Test("a greater random number never makes a wait shorter, and the whole range is used")
  func monotonic() {
    let numbers = (0...64).map { UInt64.max / 64 * $0 }
    let waits = numbers.map { number -> Duration in
      let verdict = decide(.failure(.theirs), by: .standard, spent: 3, random: number)
      guard case .retry(let wait, _) = verdict else { return .zero }
      return wait
    }
    #expect(waits == waits.sorted())
    #expect(Set(waits).count == waits.count)
    #expect(waits.first == .seconds(7200 * 4 / 5))
  }

  @Test("a delivery that always fails makes exactly the policy's attempts")
  func wholeDelivery() {
    var random = SplitMix(state: 4)
    for policy in [RetryPolicy.none, .default, .fast, .standard] {
      var spent = 0
      var own = 0
      attempts: for _ in 0..<1000 {
        let isOurs = Bool.random(using: &random)
        let outcome = isOurs ? AttemptOutcome.failure(.ours) : status(500)
        switch decide(outcome, by: policy, spent: spent, own: own, random: random.next()) {
        case .retry(_, let spendsBudget):
          #expect(spendsBudget == !isOurs)
          if spendsBudget {
            spent += 1
            own = 0
          } else {
            own += 1
          }
        case .failed(.exhausted(let attempts)):
          #expect(attempts == spent + 1)
          spent += 1
          break attempts
        case let other:
          Issue.record("\(other)")
        }
      }
      #expect(spent == policy.attempts)
    }
  }

  @Test("a reason can be read")
  func reasons() {
    #expect("\(FailureReason.exhausted(attempts: 1))" == "failed, and the policy has no retries")
    #expect(
      "\(FailureReason.exhausted(attempts: 4))"
        == "failed 4 times, and the policy has no more retries")
    #expect("\(FailureReason.status(404))" == "the receiver answered 404")
    #expect("\(FailureReason.permanent(.theirs))".contains("the webhook's settings"))
    #expect("\(FailureReason.permanent(.ours))".contains("a fault of ours"))
  }
}
