import FoundationEssentials
import IntegrationAPI
import Integrations
import PostgresClient
import Reactor
import Synchronization
import TTRPC
import Testing

/// A clock that stands where it is put.
final class SetClock: Sendable {
  private let time: Mutex<UnixTime>

  /// Starts in the middle of a minute in the middle of an hour, well behind no other time used.
  init() { time = Mutex(UnixTime(microseconds: 1_800_001_830_000_000)) }

  var now: UnixTime { time.withLock { $0 } }

  func set(_ new: UnixTime) { time.withLock { $0 = new } }

  func move(_ microseconds: Int64) {
    time.withLock { $0.microseconds += microseconds }
  }
}

/// What the limits should say: a key's minute and hour, one verification at a time.
struct ReferenceLimits {
  var minuteLimit: Int32
  var hourLimit: Int32
  private var minute: (start: Int64, used: Int64) = (.min, 0)
  private var hour: (start: Int64, used: Int64) = (.min, 0)

  init(minuteLimit: Int32, hourLimit: Int32) {
    self.minuteLimit = minuteLimit
    self.hourLimit = hourLimit
  }

  mutating func decide(_ request: LimitRequest, at now: UnixTime) -> LimitDecision {
    // What is only looked at moves no window: the row stays as it is.
    var (minute, hour) = (self.minute, self.hour)
    let starts = (now.floored(to: 60_000_000).microseconds, now.beginOfHour.microseconds)
    if starts.0 > minute.start { minute = (starts.0, 0) }
    if starts.1 > hour.start { hour = (starts.1, 0) }
    let cost = Int64(request.cost)
    var code = VerificationCode.allowed
    if minuteLimit >= 0 && cost > minuteLimit || hourLimit >= 0 && cost > hourLimit {
      code = .costExceedsLimit
    } else if minuteLimit >= 0 && minute.used + cost > minuteLimit {
      code = .rateLimitedMinute
    } else if hourLimit >= 0 && hour.used + cost > hourLimit {
      code = .rateLimitedHour
    } else if !request.isPeek {
      minute.used += cost
      hour.used += cost
      (self.minute, self.hour) = (minute, hour)
    }
    return LimitDecision(
      code: code, cost: request.cost, decidedAt: now,
      minute: .init(
        limit: minuteLimit, used: minute.used,
        endsAt: UnixTime(microseconds: minute.start + 60_000_000)),
      hour: .init(
        limit: hourLimit, used: hour.used,
        endsAt: UnixTime(microseconds: hour.start + 3_600_000_000)))
  }
}

@Suite("API keys: rate limits")
struct APIKeysLimitTests {
  private func id(_ key: ApiKey?) throws -> APIKeyID {
    let text = try #require(key).keyId
    return APIKeyID(try #require(UUID(uuidString: text)))
  }

  @Test("random verifications are decided as one after the other would be", arguments: [1, 2, 3])
  func reference(seed: UInt64) async throws {
    let clock = SetClock()
    try await APIKeysWorld.run(clock: { clock.now }) { world in
      var random = SplitMix(state: seed)
      let rows = RateLimitRepository(database: world.daemon.database, clock: { clock.now })
      let limits: [(Int32, Int32)] = [(5, 12), (-1, 9), (7, -1), (20, 10), (1, 1)]
      var keys: [(id: APIKeyID, text: String, model: ReferenceLimits)] = []
      for (minute, hour) in limits {
        let created = try await world.create {
          $0.rateLimitPerMinute = minute
          $0.rateLimitPerHour = hour
        }
        keys.append(
          (
            try id(created.key), created.key?.keyId ?? "",
            ReferenceLimits(minuteLimit: minute, hourLimit: hour)
          ))
      }
      for _ in 0..<250 {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: clock.move(Int64.random(in: 0...90_000_000, using: &random))
        case 1: clock.move(Int64.random(in: -90_000_000...0, using: &random))
        case 2: clock.move(3_600_000_000)
        case 3:
          let index = Int.random(in: 0..<keys.count, using: &random)
          let minute = Int32.random(in: 1...12, using: &random)
          _ = try await world.update(keys[index].text, ["rate_limit_per_minute"]) {
            $0.rateLimitPerMinute = minute
          }
          keys[index].model.minuteLimit = minute
        case 4:
          // The last microsecond of a window, or the first.
          let edge = clock.now.floored(to: 60_000_000).microseconds + 60_000_000
          clock.set(UnixTime(microseconds: edge - (Bool.random(using: &random) ? 1 : 0)))
        default: break
        }
        let batch = (0..<Int.random(in: 1...8, using: &random)).map { _ in
          let index = Int.random(in: 0..<keys.count, using: &random)
          return (
            index,
            LimitRequest(
              tenant: world.tenant, key: keys[index].id,
              cost: Int32.random(in: 1...6, using: &random),
              isPeek: Int.random(in: 0..<5, using: &random) == 0)
          )
        }
        let decisions = try await rows.charge(batch.map(\.1), deadline: .within(.seconds(120)))
        for (decision, (index, request)) in zip(decisions, batch) {
          let expected = keys[index].model.decide(request, at: clock.now)
          try #require(decision?.windowsOnly == expected.windowsOnly)
          #expect(decision == expected)
        }
      }
    }
  }

  @Test("a key's window ends with the minute, and the hour's with the hour")
  func edges() async throws {
    let clock = SetClock()
    try await APIKeysWorld.run(clock: { clock.now }) { world in
      let created = try await world.create {
        $0.rateLimitPerMinute = 2
        $0.rateLimitPerHour = 3
      }
      func verify() async throws -> VerifyApiKeyResponse {
        try await world.verify(created.apiKey)
      }
      let hour = clock.now.beginOfHour.microseconds
      clock.set(UnixTime(microseconds: hour + 59_999_999))
      #expect(try await verify().allowed)
      let last = try await verify()
      #expect(last.allowed && last.windows.map(\.remaining) == [0, 1])
      let denied = try await verify()
      #expect(denied.code == .rateLimitedMinute)
      #expect(denied.retryAfter == .init(seconds: 0, nanos: 1000))
      clock.move(1)
      let next = try await verify()
      #expect(next.allowed && next.windows.map(\.remaining) == [1, 0])
      let spent = try await verify()
      #expect(spent.code == .rateLimitedHour && spent.windows.map(\.remaining) == [1, 0])
      #expect(spent.retryAfter == .init(seconds: 3540, nanos: 0))
      #expect(
        spent.windows.map { $0.resetAt?.seconds } == [
          hour / 1_000_000 + 120, hour / 1_000_000 + 3600,
        ])
      clock.set(UnixTime(microseconds: hour + 3_599_999_999))
      #expect(try await verify().code == .rateLimitedHour)
      clock.move(1)
      #expect(try await verify().windows.map(\.remaining) == [1, 2])
    }
  }

  @Test("when minute and hour are both used up, the wait is until the hour ends")
  func bothUsedUp() async throws {
    let clock = SetClock()
    try await APIKeysWorld.run(clock: { clock.now }) { world in
      let created = try await world.create {
        $0.rateLimitPerMinute = 4
        $0.rateLimitPerHour = 4
      }
      #expect(try await world.verify(created.apiKey) { $0.cost = 4 }.allowed)
      let denied = try await world.verify(created.apiKey)
      #expect(denied.code == .rateLimitedMinute)
      let end = clock.now.beginOfHour.microseconds + 3_600_000_000
      #expect(denied.retryAfter?.seconds == (end - clock.now.microseconds) / 1_000_000)
      let never = try await world.verify(created.apiKey) { $0.cost = 5 }
      #expect(never.code == .costExceedsLimit && never.retryAfter == nil)
      #expect(never.windows.map(\.remaining) == [0, 0])
    }
  }

  @Test("a clock that goes back opens no window a second time")
  func clockGoesBack() async throws {
    let clock = SetClock()
    try await APIKeysWorld.run(clock: { clock.now }) { world in
      let created = try await world.create { $0.rateLimitPerMinute = 1 }
      #expect(try await world.verify(created.apiKey).allowed)
      clock.move(-120_000_000)
      let denied = try await world.verify(created.apiKey)
      #expect(denied.code == .rateLimitedMinute)
      #expect((denied.retryAfter?.seconds ?? 0) >= 120)
    }
  }

  @Test("a lowered limit is obeyed at once, and what remains is never less than nothing")
  func lowered() async throws {
    let clock = SetClock()
    try await APIKeysWorld.run(clock: { clock.now }) { world in
      let created = try await world.create()
      #expect(try await world.verify(created.apiKey) { $0.cost = 50 }.allowed)
      _ = try await world.update(created.key?.keyId ?? "", ["rate_limit_per_minute"]) {
        $0.rateLimitPerMinute = 20
      }
      let denied = try await world.verify(created.apiKey)
      #expect(denied.code == .rateLimitedMinute && denied.windows.map(\.remaining) == [0, 950])
    }
  }

  @Test("a peek decides and charges nothing")
  func peek() async throws {
    let clock = SetClock()
    try await APIKeysWorld.run(clock: { clock.now }) { world in
      let created = try await world.create { $0.rateLimitPerMinute = 2 }
      for _ in 0..<5 {
        let answer = try await world.verify(created.apiKey) {
          $0.peek = true; $0.cost = 2
        }
        #expect(answer.allowed && answer.windows.first?.remaining == 2)
      }
      #expect(try await world.verify(created.apiKey) { $0.cost = 2 }.allowed)
      let denied = try await world.verify(created.apiKey) { $0.peek = true }
      #expect(denied.code == .rateLimitedMinute)
    }
  }

  @Test("a denial writes nothing")
  func denialsWriteNothing() async throws {
    let clock = SetClock()
    try await APIKeysWorld.run(clock: { clock.now }) { world in
      let created = try await world.create { $0.rateLimitPerMinute = 1 }
      #expect(try await world.verify(created.apiKey).allowed)
      func row() async throws -> String? {
        try await world.store.execute(
          "select concat(ctid, xmin, xmax) as row from integrationd.api_key_limits"
        ).first?.text("row")
      }
      let before = try await row()
      for _ in 0..<5 {
        #expect(try await world.verify(created.apiKey).code == .rateLimitedMinute)
        #expect(try await world.verify(created.apiKey) { $0.cost = 9 }.code == .costExceedsLimit)
        #expect(
          try await world.verify(created.apiKey) { $0.peek = true }.code == .rateLimitedMinute)
      }
      #expect(try await row() == before)
    }
  }

  @Test("two daemons admit exactly the limit: 10,000 verifications at 1,000 a minute")
  func exactOverDaemons() async throws {
    let clock = SetClock()
    try await APIKeysWorld.run(daemons: 2, clock: { clock.now }) { world in
      let created = try await world.create {
        $0.rateLimitPerMinute = 1000
        $0.rateLimitPerHour = -1
      }
      let counts = try await world.flood(created.apiKey, times: 10_000, callers: 100)
      #expect(counts[.allowed] == 1000)
      #expect(counts[.rateLimitedMinute] == 9000)
      clock.move(60_000_000)
      #expect(try await world.verify(created.apiKey).windows.map(\.remaining) == [999])
      for daemon in world.daemons {
        #expect(await daemon.usage.flush(deadline: .within(.seconds(120))))
      }
      #expect(
        try await world.get(created.key?.keyId ?? "").totalRequests == 1001)
    }
  }

  @Test("two daemons admit exactly the limit by the database's own clock")
  func exactByRealClock() async throws {
    try await APIKeysWorld.run(daemons: 2) { world in
      let created = try await world.create {
        $0.rateLimitPerMinute = -1
        $0.rateLimitPerHour = 300
      }
      let answers = try await world.floodAnswers(created.apiKey, times: 1200, callers: 40)
      // An hour may end meanwhile: each window is counted by itself, at the callers.
      let admitted = Dictionary(grouping: answers.filter(\.allowed)) { $0.windows.first?.resetAt }
      #expect(admitted.values.allSatisfy { $0.count <= 300 })
      #expect(admitted.values.contains { $0.count == 300 })
      // Each admission saw another remainder.
      for group in admitted.values {
        #expect(Set(group.compactMap { $0.windows.first?.remaining }).count == group.count)
      }
    }
  }

  @Test("many keys at once on two daemons: each admits exactly its limit")
  func manyKeys() async throws {
    let clock = SetClock()
    try await APIKeysWorld.run(daemons: 2, clock: { clock.now }) { world in
      var keys: [String] = []
      for _ in 0..<12 {
        keys.append(
          try await world.create {
            $0.rateLimitPerMinute = 25
            $0.rateLimitPerHour = 20
          }.apiKey)
      }
      let made = keys
      let counts = try await withThrowingTaskGroup(of: [VerificationCode: Int].self) { group in
        for key in made {
          group.addTask { try await world.flood(key, times: 60, callers: 6) }
        }
        return try await group.reduce(into: [[VerificationCode: Int]]()) { $0.append($1) }
      }
      #expect(counts.allSatisfy { $0 == [.allowed: 20, .rateLimitedHour: 40] })
    }
  }

  @Test("connections that are cut at any moment never let more through than the limit")
  func cutConnections() async throws {
    let clock = SetClock()
    try await APIKeysWorld.run(daemons: 2, clock: { clock.now }) { world in
      let created = try await world.create {
        $0.rateLimitPerMinute = 300
        $0.rateLimitPerHour = -1
      }
      let (admissions, admitted) = AsyncStream<Void>.makeStream()
      let outcomes = try await withThrowingTaskGroup(of: [Bool?].self) { group in
        for caller in 0..<20 {
          group.addTask {
            var outcomes: [Bool?] = []
            for _ in 0..<60 {
              do {
                let daemon = world.daemons[caller % 2]
                outcomes.append(try await world.verify(created.apiKey, on: daemon).allowed)
                if outcomes.last == true { admitted.yield() }
              } catch {
                await expectStatus(.unavailable) { () async throws -> Void in throw error }
                outcomes.append(nil)
              }
            }
            return outcomes
          }
        }
        // Cut while the window fills, each time after some more were admitted.
        group.addTask {
          var count = 0
          for await _ in admissions {
            count += 1
            if count % 50 == 0 { try await world.store.terminateBackends() }
            if count == 200 { break }
          }
          return []
        }
        var outcomes: [Bool?] = []
        while let next = try await group.next() {
          outcomes += next
          if outcomes.count == 1200 { admitted.finish() }
        }
        return outcomes
      }
      let allowed = outcomes.count { $0 == true }
      let lost = outcomes.count { $0 == nil }
      #expect(allowed <= 300)
      // What is missing was charged for callers who never heard of it.
      let rows = try await world.store.execute(
        "select minute_used from integrationd.api_key_limits")
      #expect(try rows.first?.int("minute_used") == 300)
      #expect(allowed + lost >= 300)
    }
  }

  @Test("costs fill a window to the brim, whatever their order")
  func costs() async throws {
    let clock = SetClock()
    try await APIKeysWorld.run(daemons: 2, clock: { clock.now }) { world in
      let created = try await world.create {
        $0.rateLimitPerMinute = 500
        $0.rateLimitPerHour = -1
      }
      let admitted = try await withThrowingTaskGroup(of: Int.self) { group in
        for index in 0..<400 {
          group.addTask {
            let cost = Int32(index % 7 + 1)
            let daemon = world.daemons[index % 2]
            let answer = try await world.verify(created.apiKey, on: daemon) { $0.cost = cost }
            return answer.allowed ? Int(cost) : 0
          }
        }
        return try await group.reduce(0, +)
      }
      // The demand is three times the limit and holds many ones: nothing is left over.
      #expect(admitted == 500)
    }
  }

  @Test("a key that is gone when it is to be charged is not found")
  func gone() async throws {
    try await APIKeysWorld.run { world in
      let rows = RateLimitRepository(database: world.daemon.database)
      let kept = try id(try await world.create().key)
      let answers = try await rows.charge(
        [
          LimitRequest(tenant: world.tenant, key: APIKeyID(UUID()), cost: 1),
          LimitRequest(tenant: world.tenant, key: kept, cost: 1),
          LimitRequest(tenant: TenantID(UUID()), key: kept, cost: 1),
        ], deadline: .within(.seconds(120)))
      #expect(answers.map { $0?.code } == [nil, .allowed, nil])
      #expect(try await rows.charge([], deadline: .within(.seconds(120))).isEmpty)
    }
  }
}

extension LimitDecision {
  /// What a failing comparison is easiest to read by.
  fileprivate var windowsOnly: String {
    "\(code) minute \(minute.used)/\(minute.limit) hour \(hour.used)/\(hour.limit)"
  }
}

/// Deterministic numbers.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

extension APIKeysWorld {
  /// Verifies a key so often, from many callers over all daemons and their loops.
  func floodAnswers(
    _ key: String, times: Int, callers: Int
  ) async throws -> [VerifyApiKeyResponse] {
    try await withThrowingTaskGroup(of: [VerifyApiKeyResponse].self) { group in
      for caller in 0..<callers {
        let daemon = daemons[caller % daemons.count]
        let loop = daemon.loops.next()
        group.addTask {
          try await loop.run {
            var answers: [VerifyApiKeyResponse] = []
            for _ in 0..<(times / callers) {
              answers.append(try await self.verify(key, on: daemon))
            }
            return answers
          }
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
  }

  func flood(
    _ key: String, times: Int, callers: Int
  ) async throws -> [VerificationCode: Int] {
    try await floodAnswers(key, times: times, callers: callers)
      .reduce(into: [:]) { $0[$1.code, default: 0] += 1 }
  }
}
