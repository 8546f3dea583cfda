import FoundationEssentials
import IntegrationAPI
import Integrations
import Logging
import PostgresClient
import ProtobufC
import Reactor
import Synchronization
import Testing

@Suite("API keys: usage")
struct APIKeysUsageTests {
  private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  private var soon: Deadline { .within(.seconds(120)) }

  @Test("what is counted is what was decided, over two daemons")
  func truth() async throws {
    let clock = SetClock()
    try await APIKeysWorld.run(daemons: 2, clock: { clock.now }) { world in
      let created = try await world.create {
        $0.rateLimitPerMinute = 20
        $0.rateLimitPerHour = 30
      }
      let id = created.key?.keyId ?? ""
      let rotated = try await world.rotate(id, grace: ProtoDuration(seconds: 600, nanos: 0))
      var truth: [VerificationCode: Int64] = [:]
      for (index, key) in [created.apiKey, rotated.apiKey].enumerated() {
        for (code, count) in try await world.flood(key, times: 40, callers: 4) {
          truth[code, default: 0] += Int64(count)
        }
        let wrong = try await world.verify(key) { $0.environment = .staging }
        truth[wrong.code, default: 0] += 1
        let dear = try await world.verify(key, on: world.daemons[index]) { $0.cost = 100 }
        truth[dear.code, default: 0] += 1
        // Neither counts.
        _ = try await world.verify(key) { $0.peek = true }
        _ = try await world.verify(key) { $0.tenantId = TenantID(UUID()).description }
      }
      for daemon in world.daemons { #expect(await daemon.usage.flush(deadline: soon)) }
      // Decisions were made by a clock of the test's: ask for all time.
      let response = try await world.usage(id) {
        $0.startTime = ProtoTimestamp(seconds: 0, nanos: 0)
        $0.endTime = ProtoTimestamp(seconds: 4_000_000_000, nanos: 0)
        $0.granularity = .day
      }
      var counted: [VerificationCode: Int64] = [:]
      for bucket in response.buckets {
        #expect(bucket.counts.map(\.code.rawValue) == bucket.counts.map(\.code.rawValue).sorted())
        for line in bucket.counts { counted[line.code, default: 0] += line.count }
      }
      #expect(counted == truth)
      #expect(truth[.allowed] == 20 && truth[.wrongEnvironment] == 2)
      let key = try await world.get(id)
      #expect(key.totalRequests == 20 && key.lastUsedAt == clock.now.timestamp)
      #expect(key.secrets.map(\.lastUsedAt) == [nil, clock.now.timestamp])
    }
  }

  @Test("a batch whose reply was lost is sent again and counted once")
  func lostReply() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create()
      let rows = UsageRepository(database: world.daemon.database)
      let losses = Mutex(2)
      let sent = Mutex<[Int64]>([])
      let recorder = UsageRecorder(logger: Self.quiet) { batch, deadline in
        sent.withLock { $0.append(batch.sequence) }
        try await rows.record(batch, deadline: deadline)
        let isLost = losses.withLock { losses in
          losses -= 1
          return losses >= 0
        }
        if isLost { throw DatabaseError(.outcomeUnknown) }
      }
      let subject = try subject(world, created)
      for _ in 0..<7 { recorder.record(.allowed, of: subject, at: now) }
      #expect(await recorder.flush(deadline: soon) == false)
      for _ in 0..<3 { recorder.record(.allowed, of: subject, at: now) }
      recorder.record(.expired, of: subject, at: now)
      #expect(await recorder.flush(deadline: soon) == false)
      #expect(await recorder.flush(deadline: soon))
      #expect(sent.withLock { $0 } == [1, 1, 1, 2])
      let key = try await world.get(created.key?.keyId ?? "")
      #expect(key.totalRequests == 10)
      #expect(try await world.counts(key.keyId) == [.allowed: 10, .expired: 1])
    }
  }

  @Test("a batch that never arrived is counted when it does")
  func failedBatch() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create()
      let rows = UsageRepository(database: world.daemon.database)
      let isDown = Mutex(true)
      let recorder = UsageRecorder(logger: Self.quiet) { batch, deadline in
        if isDown.withLock({ $0 }) { throw DatabaseError(.unavailable) }
        try await rows.record(batch, deadline: deadline)
      }
      recorder.record(.allowed, of: try subject(world, created), at: now)
      #expect(await recorder.flush(deadline: soon) == false)
      isDown.withLock { $0 = false }
      #expect(await recorder.flush(deadline: soon))
      #expect(try await world.get(created.key?.keyId ?? "").totalRequests == 1)
    }
  }

  @Test("what the database will never take is dropped, and what follows goes on")
  func hopeless() async throws {
    let refusals = Mutex(1)
    let arrived = Mutex<[Int64]>([])
    let recorder = UsageRecorder(logger: Self.quiet) { batch, _ in
      let refuses = refusals.withLock { count in
        count -= 1
        return count >= 0
      }
      if refuses { throw DatabaseError(.server) }
      arrived.withLock { $0.append(batch.rows.reduce(0) { $0 + $1.count }) }
    }
    let subject = UsageSubject(
      tenant: TenantID(UUID()), key: APIKeyID(UUID()), secretVersion: 1)
    recorder.record(.allowed, of: subject, at: now)
    #expect(await recorder.flush(deadline: soon) == false)
    recorder.record(.allowed, of: subject, at: now)
    recorder.record(.allowed, of: subject, at: now)
    #expect(await recorder.flush(deadline: soon))
    #expect(arrived.withLock { $0 } == [2])
  }

  @Test("memory is bounded: counters beyond the capacity are lost, those that exist go on")
  func capacity() async throws {
    let counted = Mutex<Int64>(0)
    let recorder = UsageRecorder(logger: Self.quiet) { batch, _ in
      counted.withLock { $0 += batch.rows.reduce(0) { $0 + $1.count } }
    }
    let tenant = TenantID(UUID())
    let key = APIKeyID(UUID())
    for version in 0..<Int32(UsageRecorder.capacity + 50) {
      recorder.record(
        .allowed, of: UsageSubject(tenant: tenant, key: key, secretVersion: version), at: now)
    }
    recorder.record(.allowed, of: UsageSubject(tenant: tenant, key: key, secretVersion: 0), at: now)
    #expect(await recorder.flush(deadline: soon))
    #expect(counted.withLock { $0 } == Int64(UsageRecorder.capacity + 1))
  }

  @Test("counts arrive by themselves while the recorder runs, and the last ones when it ends")
  func running() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create()
      let id = created.key?.keyId ?? ""
      let subject = try subject(world, created)
      let rows = UsageRepository(database: world.daemon.database)
      let (batches, arrived) = AsyncStream<Int64>.makeStream()
      let recorder = UsageRecorder(logger: Self.quiet) { batch, deadline in
        try await rows.record(batch, deadline: deadline)
        arrived.yield(batch.sequence)
      }
      let running = Task { await recorder.run() }
      recorder.record(.allowed, of: subject, at: now)
      for await _ in batches { break }
      #expect(try await world.get(id).totalRequests == 1)
      recorder.record(.allowed, of: subject, at: now)
      running.cancel()
      await running.value
      #expect(try await world.get(id).totalRequests == 2)
    }
  }

  @Test("the service ends with its last counts recorded")
  func serviceEnds() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create()
      let running = Task { try await world.keys.run() }
      #expect(try await world.verify(created.apiKey).allowed)
      running.cancel()
      try await running.value
      #expect(try await world.get(created.key?.keyId ?? "").totalRequests == 1)
    }
  }

  @Test("more counters than one batch holds arrive in several")
  func severalBatches() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create()
      let one = try subject(world, created)
      // One counter for each hour, and hours that nobody else uses.
      for hour in 0..<Int64(6000) {
        let time = UnixTime(microseconds: hour * 3_600_000_000)
        world.daemon.usage.record(.allowed, of: one, at: time)
      }
      // A key that does not exist is left out.
      world.daemon.usage.record(
        .allowed, of: UsageSubject(tenant: world.tenant, key: APIKeyID(UUID()), secretVersion: 1),
        at: now)
      #expect(await world.daemon.usage.flush(deadline: soon))
      #expect(try await world.get(created.key?.keyId ?? "").totalRequests == 6000)
    }
  }

  @Test("daemons that record the same keys at once do not block each other for good")
  func concurrentFlushes() async throws {
    try await APIKeysWorld.run(daemons: 2) { world in
      var subjects: [UsageSubject] = []
      for _ in 0..<10 { subjects.append(try subject(world, try await world.create())) }
      let all = subjects
      try await withThrowingTaskGroup(of: Void.self) { group in
        for daemon in world.daemons {
          group.addTask {
            for _ in 0..<20 {
              for subject in all.shuffled() { daemon.usage.record(.allowed, of: subject, at: now) }
              #expect(await daemon.usage.flush(deadline: soon))
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(try await world.list().keys.map(\.totalRequests) == Array(repeating: 40, count: 10))
    }
  }

  // MARK: GetApiKeyUsage

  /// Counts in four hours of two days.
  private func seed(_ world: APIKeysWorld, _ id: String) async throws {
    try await world.sql(
      """
      insert into integrationd.api_key_usage
        (tenant_id, key_id, hour, secret_version, code, count)
      select '\(world.tenant)', '\(id)', h::timestamptz, v, c, n
      from (values
        ('2026-03-01 22:00+00', 1, 1, 5), ('2026-03-01 22:00+00', 2, 1, 2),
        ('2026-03-01 22:00+00', 1, 14, 3), ('2026-03-01 23:00+00', 1, 1, 1),
        ('2026-03-02 00:00+00', 1, 1, 7), ('2026-03-02 05:00+00', 1, 7, 4)
      ) as x (h, v, c, n)
      """)
  }

  private func time(_ hour: Int64, _ day: Int64 = 1, seconds: Int64 = 0) -> ProtoTimestamp {
    // 2026-03-01 00:00 UTC.
    ProtoTimestamp(seconds: 1_772_323_200 + (day - 1) * 86_400 + hour * 3600 + seconds, nanos: 0)
  }

  @Test("buckets are newest first, hold all secrets, and leave out what is empty")
  func buckets() async throws {
    try await APIKeysWorld.run { world in
      let id = try await world.create().key?.keyId ?? ""
      try await seed(world, id)
      let hours = try await world.usage(id) {
        $0.startTime = time(0)
        $0.endTime = time(0, 3)
      }.buckets
      #expect(hours.map(\.startTime) == [time(5, 2), time(0, 2), time(23), time(22)])
      #expect(hours.last?.counts.map(\.code) == [.allowed, .rateLimitedMinute])
      #expect(hours.last?.counts.map(\.count) == [7, 3])
      let days = try await world.usage(id) {
        $0.startTime = time(12)
        $0.endTime = time(1, 2)
        $0.granularity = .day
      }.buckets
      #expect(days.map(\.startTime) == [time(0, 2), time(0)])
      #expect(days.map { $0.counts.map(\.count) } == [[7, 4], [8, 3]])
    }
  }

  @Test("the beginning is rounded down to a bucket and the end up; the end itself is outside")
  func rounding() async throws {
    try await APIKeysWorld.run { world in
      let id = try await world.create().key?.keyId ?? ""
      try await seed(world, id)
      func starts(_ from: ProtoTimestamp?, _ to: ProtoTimestamp?) async throws -> [ProtoTimestamp?]
      {
        try await world.usage(id) {
          $0.startTime = from; $0.endTime = to
        }.buckets.map(\.startTime)
      }
      #expect(try await starts(time(22, seconds: 3599), time(23)) == [time(22)])
      #expect(try await starts(time(22), time(23, seconds: 1)) == [time(23), time(22)])
      #expect(try await starts(nil, time(5, 2)) == [time(0, 2), time(23), time(22)])
      // 24 hours before 22:30 of the next day is 22:30, in the bucket of 22:00.
      #expect(try await starts(nil, time(22, 2, seconds: 1800)).last == time(22))
      #expect(try await starts(nil, time(23, 2, seconds: 1800)).last == time(23))
      #expect(try await starts(nil, nil) == [])
    }
  }

  @Test("usage comes page by page, each bucket once")
  func paging() async throws {
    try await APIKeysWorld.run { world in
      let id = try await world.create().key?.keyId ?? ""
      try await seed(world, id)
      var seen: [ProtoTimestamp?] = []
      var token = ""
      var pages = 0
      repeat {
        let page = try await world.usage(id) {
          $0.startTime = time(0)
          $0.endTime = time(0, 3)
          $0.pageSize = 2
          $0.pageToken = token
        }
        seen += page.buckets.map(\.startTime)
        token = page.nextPageToken
        pages += 1
      } while !token.isEmpty
      #expect(pages == 2 && seen == [time(5, 2), time(0, 2), time(23), time(22)])
      let other = try await world.usage(id) {
        $0.startTime = time(0)
        $0.endTime = time(0, 3)
        $0.pageSize = 1
      }.nextPageToken
      await expectViolations(["page_token"]) {
        try await world.usage(id) { $0.pageToken = other }
      }
    }
  }

  @Test("a page token fits every moment that means the same buckets, and no other")
  func pagingByRoundedTime() async throws {
    try await APIKeysWorld.run { world in
      let id = try await world.create().key?.keyId ?? ""
      try await seed(world, id)
      func page(
        _ start: ProtoTimestamp?, _ end: ProtoTimestamp?, _ token: String
      ) async throws -> GetApiKeyUsageResponse {
        try await world.usage(id) {
          $0.startTime = start
          $0.endTime = end
          $0.pageSize = 2
          $0.pageToken = token
        }
      }
      let end = time(0, 3)
      let token = try await page(time(21, seconds: 1), end, "").nextPageToken
      let rest = try await page(time(21, seconds: 3599), time(23, 2, seconds: 5), token)
      #expect(rest.buckets.map(\.startTime) == [time(23), time(22)])
      await expectViolations(["page_token"]) { try await page(time(22), end, token) }
      await expectViolations(["page_token"]) { try await page(time(21), time(1, 3), token) }
      await expectViolations(["page_token"]) { try await page(nil, end, token) }
    }
  }

  @Test("usage of a missing key is not found, and a malformed question is refused")
  func statuses() async throws {
    try await APIKeysWorld.run { world in
      let id = try await world.create().key?.keyId ?? ""
      let other = TenantID(UUID())
      try await world.makeTenant(other)
      #expect(try await world.usage(id).buckets.isEmpty)
      await expectStatus(.notFound) { try await world.usage(TenantID(UUID()).description) }
      await expectStatus(.notFound) { try await world.usage(id, tenant: other) }
      await expectStatus(.notFound) { try await world.usage(id, as: APIKeysWorld.stranger) }
      await expectViolations(["key_id", "end_time", "granularity", "page_size"]) {
        try await world.usage("") {
          $0.startTime = time(5)
          $0.endTime = time(5)
          $0.granularity = .unrecognized(3)
          $0.pageSize = -1
        }
      }
      await expectViolations(["start_time", "end_time"]) {
        try await world.usage(id) {
          $0.startTime = ProtoTimestamp(seconds: .min, nanos: 0)
          $0.endTime = ProtoTimestamp(seconds: .max, nanos: 0)
        }
      }
      #expect(
        try await world.usage(id) {
          $0.startTime = ProtoTimestamp(seconds: -62_135_596_800, nanos: 0)
          $0.endTime = ProtoTimestamp(seconds: 253_402_300_799, nanos: 999_999_999)
        }.buckets.isEmpty)
      #expect(
        try await world.usage(id) {
          $0.endTime = ProtoTimestamp(seconds: -62_135_596_800, nanos: 0)
          $0.granularity = .day
        }.buckets.isEmpty)
    }
  }

  private var now: UnixTime {
    UnixTime(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
  }

  private func subject(
    _ world: APIKeysWorld, _ created: CreateApiKeyResponse
  ) throws -> UsageSubject {
    UsageSubject(
      tenant: world.tenant,
      key: APIKeyID(try #require(UUID(uuidString: created.key?.keyId ?? ""))), secretVersion: 1)
  }
}
