import DeliveryRules
import Testing

@Suite struct RetryPolicyTests {
  @Test("the default is three retries, a minute after each other, without jitter")
  func standardOfTheProduct() {
    #expect(RetryPolicy.default.schedule.delays == [.seconds(60), .seconds(60), .seconds(60)])
    #expect(RetryPolicy.default.jitterPercent == 0)
    #expect(RetryPolicy.default.attempts == 4)
    #expect(RetryPolicy.default.statusRules == .standard)
  }

  @Test("the standard schedule is ten attempts over 75 h 35 min 5 s")
  func standardSchedule() {
    let delays = RetryPolicy.standard.schedule.delays
    #expect(RetryPolicy.standard.attempts == 10)
    let total = 75 * 3600 + 35 * 60 + 5
    #expect(delays.reduce(.zero, +) == .seconds(total))
    let seconds = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    #expect(delays == seconds.map { .seconds($0) })
    #expect(RetryPolicy.standard.jitterPercent == 20)
  }

  @Test("the fast schedule is five attempts within ten minutes, jitter included")
  func fastSchedule() {
    #expect(RetryPolicy.fast.attempts == 5)
    #expect(RetryPolicy.fast.jitterPercent == 20)
    let total = RetryPolicy.fast.schedule.delays.reduce(.zero, +)
    #expect(total * 6 / 5 <= .seconds(600))
  }

  @Test("without retries there is one attempt")
  func none() {
    #expect(RetryPolicy.none.attempts == 1)
    #expect(RetryPolicy.none.jitterPercent == 0)
  }

  @Test(
    "a fixed schedule takes its retries and its delay from the limits on", arguments: [1, 3, 50])
  func fixed(retries: Int) throws {
    let longest: Duration = .seconds(7 * 86_400)
    let schedule = try RetrySchedule(retries: retries, delay: longest)
    #expect(schedule.kind == .fixed)
    #expect(schedule.delays == Array(repeating: longest, count: retries))
    #expect(try RetrySchedule(retries: 3, delay: .seconds(60)) == .default)
  }

  @Test("a custom schedule takes its delays as they are")
  func custom() throws {
    let delays: [Duration] = [.seconds(1), .seconds(7 * 86_400), .milliseconds(1500)]
    let schedule = try RetrySchedule(custom: delays)
    #expect(schedule.delays == delays)
    #expect(schedule.kind == .custom)
    #expect(try RetryPolicy(schedule: schedule).jitterPercent == 0)
    #expect(try RetryPolicy(schedule: schedule, jitterPercent: 50).jitterPercent == 50)
  }

  @Test("a value out of its range is refused, with field and range")
  func ranges() throws {
    let tooShort: Duration = .milliseconds(999)
    let tooLong: Duration = .seconds(7 * 86_400 + 1)
    let cases: [(RetryPolicyError, String, String, () throws -> Void)] = [
      (
        .retries(0), "max_retries", "must be from 1 to 50, not 0",
        { _ = try RetrySchedule(retries: 0, delay: .seconds(1)) }
      ),
      (
        .retries(51), "max_retries", "must be from 1 to 50, not 51",
        { _ = try RetrySchedule(retries: 51, delay: .seconds(1)) }
      ),
      (
        .retryDelay(tooShort), "retry_delay", "must be from 1 second to 7 days",
        { _ = try RetrySchedule(retries: 1, delay: tooShort) }
      ),
      (
        .delayCount(0), "delays", "must be from 1 to 50 delays, not 0",
        { _ = try RetrySchedule(custom: []) }
      ),
      (
        .delayCount(51), "delays", "must be from 1 to 50 delays, not 51",
        { _ = try RetrySchedule(custom: Array(repeating: .seconds(1), count: 51)) }
      ),
      (
        .delay(index: 1, tooLong), "delays[1]", "must be from 1 second to 7 days",
        { _ = try RetrySchedule(custom: [.seconds(1), tooLong]) }
      ),
      (
        .jitter(51), "jitter_percent", "must be from 0 to 50, not 51",
        { _ = try RetryPolicy(schedule: .fast, jitterPercent: 51) }
      ),
      (
        .jitter(-1), "jitter_percent", "must be from 0 to 50, not -1",
        { _ = try RetryPolicy(schedule: .fast, jitterPercent: -1) }
      ),
      (
        .ruleCount(21), "status_rules", "must be at most 20 rules, not 21",
        {
          let rule = StatusRule(first: 400, last: 499, reaction: .fail)
          _ = try StatusRules(Array(repeating: rule, count: 21))
        }
      ),
    ]
    for (error, field, text, make) in cases {
      #expect(throws: error) { try make() }
      #expect(error.field == field)
      #expect("\(error)" == text)
    }
  }

  @Test(
    "a rule for other statuses than 300 to 599, or the wrong way round, is refused",
    arguments: [(299, 400), (200, 200), (400, 600), (500, 499), (-1, .max), (600, 700)])
  func ruleRanges(first: Int, last: Int) {
    let good = StatusRule(first: 300, last: 599, reaction: .retry)
    let bad = StatusRule(first: first, last: last, reaction: .fail)
    let error = RetryPolicyError.statuses(index: 1)
    #expect(throws: error) { try StatusRules([good, bad]) }
    #expect(error.field == "status_rules[1]")
    #expect("\(error)" == "must be from 300 to 599, the first status not above the last")
  }

  @Test("without rules 2xx succeeds, 410 disables and everything else is tried again")
  func standardReactions() {
    for status in -1...1000 {
      let expected: StatusReaction? =
        switch status {
        case 200...299: nil
        case 410: .disable
        default: .retry
        }
      #expect(StatusRules.standard.reaction(to: status) == expected, "\(status)")
    }
  }

  @Test("the first rule that fits decides, the standard where none does")
  func rules() throws {
    let rules = try StatusRules([
      StatusRule(first: 404, last: 404, reaction: .disable),
      StatusRule(first: 429, last: 429, reaction: .retry),
      StatusRule(first: 400, last: 499, reaction: .fail),
      StatusRule(first: 500, last: 500, reaction: .disable),
    ])
    let expected: [(Int, StatusReaction?)] = [
      (204, nil), (302, .retry), (399, .retry), (400, .fail), (404, .disable), (410, .fail),
      (429, .retry), (499, .fail), (500, .disable), (501, .retry), (600, .retry),
    ]
    for (status, reaction) in expected {
      #expect(rules.reaction(to: status) == reaction, "\(status)")
    }
  }

  @Test("no rule makes a success of anything else, or the other way round")
  func successIsFixed() throws {
    for reaction in StatusReaction.allCases {
      let rules = try StatusRules([StatusRule(first: 300, last: 599, reaction: reaction)])
      for status in 0...999 {
        #expect((rules.reaction(to: status) == nil) == (200...299).contains(status))
      }
    }
  }
}
