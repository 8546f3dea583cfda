import FoundationEssentials
import IntegrationAPI
import Integrations
import PostgresClient
import Reactor
import Synchronization
import Testing

/// Stands in for the database: answers when it is told to.
private final class Gate: Sendable {
  struct Charge: Sendable {
    let requests: [LimitRequest]
    let answer: Completion<[LimitDecision?]>
  }

  private let arrivals: AsyncStream<Charge>
  private let arrived: AsyncStream<Charge>.Continuation

  init() { (arrivals, arrived) = AsyncStream.makeStream() }

  func charge(_ requests: [LimitRequest]) async throws -> [LimitDecision?] {
    let answer = Completion<[LimitDecision?]>()
    arrived.yield(Charge(requests: requests, answer: answer))
    return try await answer.value()
  }

  func next() async throws -> Charge {
    for await charge in arrivals { return charge }
    throw CancellationError()
  }
}

extension Gate.Charge {
  func allow() {
    answer.succeed(
      requests.map { request in
        LimitDecision(
          code: .allowed, cost: request.cost, decidedAt: UnixTime(microseconds: 0),
          minute: .init(limit: -1, used: 0, endsAt: UnixTime(microseconds: 0)),
          hour: .init(limit: -1, used: 0, endsAt: UnixTime(microseconds: 0)))
      })
  }
}

@Suite("API keys: gathering of charges")
struct APIKeysLimiterTests {
  private let tenant = TenantID(UUID())

  private func request(_ key: APIKeyID, _ cost: Int32 = 1) -> LimitRequest {
    LimitRequest(tenant: tenant, key: key, cost: cost)
  }

  /// Runs `body` with a limiter on a gate and two loops.
  private func withLimiter(
    _ body: (RateLimiter, Gate, EventLoopGroup) async throws -> Void
  ) async throws {
    let gate = Gate()
    let limiter = RateLimiter { requests, _ in try await gate.charge(requests) }
    let loops = try EventLoopGroup(count: 2, name: "limiter")
    try await body(limiter, gate, loops)
    await limiter.drain()
    await loops.shutdown()
  }

  /// Calls the limiter in its own task, on a loop, and returns when it waits there.
  private func ask(
    _ limiter: RateLimiter, _ request: LimitRequest, on loop: EventLoop,
    deadline: Deadline = .within(.seconds(900))
  ) async -> Task<LimitDecision?, any Error> {
    let asked = Completion<Task<LimitDecision?, any Error>>()
    loop.submit {
      asked.succeed(
        Task.immediate(executorPreference: loop) {
          try await limiter.decide(request, deadline: deadline, on: loop)
        })
    }
    do {
      return try await asked.value()
    } catch {
      return Task { throw error }
    }
  }

  @Test("what comes while a charge is on its way goes together in the next, in its order")
  func gathering() async throws {
    try await withLimiter { limiter, gate, loops in
      let (one, two) = (APIKeyID(UUID()), APIKeyID(UUID()))
      let loop = loops.loops[0]
      var calls = [await ask(limiter, request(one), on: loop)]
      let first = try await gate.next()
      #expect(first.requests.map(\.cost) == [1])
      for cost in Int32(2)...5 {
        calls.append(await ask(limiter, request(cost % 2 == 0 ? one : two, cost), on: loop))
      }
      first.allow()
      let second = try await gate.next()
      #expect(second.requests.filter { $0.key == one }.map(\.cost) == [2, 4])
      #expect(second.requests.filter { $0.key == two }.map(\.cost) == [3, 5])
      second.allow()
      for (index, call) in calls.enumerated() {
        #expect(try await call.value?.cost == Int32(index + 1))
      }
    }
  }

  @Test("a key is charged once at a time, whichever loop it comes from; other keys go on")
  func onePerKey() async throws {
    try await withLimiter { limiter, gate, loops in
      let (one, two) = (APIKeyID(UUID()), APIKeyID(UUID()))
      let first = await ask(limiter, request(one, 1), on: loops.loops[0])
      let charge = try await gate.next()
      let second = await ask(limiter, request(one, 2), on: loops.loops[1])
      let third = await ask(limiter, request(two, 3), on: loops.loops[1])
      let other = try await gate.next()
      #expect(other.requests.map(\.cost) == [3])
      other.allow()
      #expect(try await third.value?.code == .allowed)
      charge.allow()
      #expect(try await first.value?.code == .allowed)
      let last = try await gate.next()
      #expect(last.requests.map(\.cost) == [2])
      last.allow()
      #expect(try await second.value?.code == .allowed)
    }
  }

  @Test("who gives up before the charge is not charged, and holds nobody up")
  func givingUp() async throws {
    try await withLimiter { limiter, gate, loops in
      let key = APIKeyID(UUID())
      let loop = loops.loops[0]
      let first = await ask(limiter, request(key, 1), on: loop)
      let charge = try await gate.next()
      let late = await ask(limiter, request(key, 2), on: loop, deadline: .within(.milliseconds(1)))
      let cancelled = await ask(limiter, request(key, 3), on: loop)
      let patient = await ask(limiter, request(key, 4), on: loop)
      cancelled.cancel()
      await #expect(throws: DeadlineExceeded.self) { try await late.value }
      await #expect(throws: CancellationError.self) { try await cancelled.value }
      charge.allow()
      let next = try await gate.next()
      #expect(next.requests.map(\.cost) == [4])
      next.allow()
      #expect(try await first.value?.cost == 1)
      #expect(try await patient.value?.cost == 4)
    }
  }

  @Test("the caller whose charge is on its way may give up without hurting the others")
  func leaderGivesUp() async throws {
    try await withLimiter { limiter, gate, loops in
      let key = APIKeyID(UUID())
      let loop = loops.loops[0]
      let warmUp = await ask(limiter, request(key), on: loop)
      let first = try await gate.next()
      let leader = await ask(limiter, request(key, 1), on: loop)
      let follower = await ask(limiter, request(key, 2), on: loop)
      first.allow()
      _ = try await warmUp.value
      let charge = try await gate.next()
      leader.cancel()
      await #expect(throws: CancellationError.self) { try await leader.value }
      charge.allow()
      #expect(try await follower.value?.cost == 2)
    }
  }

  @Test("a charge that fails fails for all in it, and the next one goes on")
  func failure() async throws {
    try await withLimiter { limiter, gate, loops in
      let key = APIKeyID(UUID())
      let loop = loops.loops[0]
      let failing = await ask(limiter, request(key), on: loop)
      try await gate.next().answer.fail(DatabaseError(.unavailable))
      await #expect(throws: DatabaseError(.unavailable)) { try await failing.value }
      let call = await ask(limiter, request(key), on: loop)
      try await gate.next().allow()
      #expect(try await call.value?.code == .allowed)
    }
  }

  @Test("an answer that is too short means: no such key")
  func shortAnswer() async throws {
    try await withLimiter { limiter, gate, loops in
      let call = await ask(limiter, request(APIKeyID(UUID())), on: loops.loops[0])
      try await gate.next().answer.succeed([])
      #expect(try await call.value == nil)
    }
  }

  @Test("no charge holds more than a thousand verifications; the rest follow in their order")
  func bound() async throws {
    try await withLimiter { limiter, gate, loops in
      let key = APIKeyID(UUID())
      let loop = loops.loops[0]
      var calls = [await ask(limiter, request(key), on: loop)]
      let first = try await gate.next()
      for cost in Int32(1)...1500 { calls.append(await ask(limiter, request(key, cost), on: loop)) }
      first.allow()
      let second = try await gate.next()
      #expect(second.requests.map(\.cost) == Array(1...1000))
      second.allow()
      let third = try await gate.next()
      #expect(third.requests.map(\.cost) == Array(1001...1500))
      third.allow()
      for call in calls { #expect(try await call.value?.code == .allowed) }
    }
  }

  @Test("draining waits for the charge on its way")
  func drain() async throws {
    try await withLimiter { limiter, gate, loops in
      let call = await ask(limiter, request(APIKeyID(UUID())), on: loops.loops[0])
      let charge = try await gate.next()
      let isDrained = Mutex(false)
      let draining = Task {
        await limiter.drain()
        isDrained.withLock { $0 = true }
      }
      #expect(!isDrained.withLock { $0 })
      charge.allow()
      _ = try await call.value
      await draining.value
      #expect(isDrained.withLock { $0 })
    }
  }
}
