import IntegrationAPI
import Integrations
import KeyRules
import Logging
import PostgresClient
import TTRPC
import TestSupport
import Testing

@Suite("Idempotency")
struct IdempotencyTests {
  @Test("a repeated request gets the same answer and changes nothing")
  func replay() async throws {
    try await ServiceWorld.run { world in
      let first = try await world.create("One", key: "k-1")
      #expect(try await world.create("One", key: "k-1") == first)
      #expect(try await world.list().tenants.count == 1)
      // The answer of then, not the state of now.
      let suspended = try await world.suspend(first.tenantId, key: "k-2")
      try await world.resume(first.tenantId)
      #expect(try await world.suspend(first.tenantId, key: "k-2") == suspended)
      #expect(try await world.get(first.tenantId).state == .active)
    }
  }

  @Test("a key that was used with another request is refused")
  func reuse() async throws {
    try await ServiceWorld.run { world in
      let tenant = try await world.create("One", key: "k")
      let error = await expectStatus(.failedPrecondition) {
        try await world.create("Two", key: "k")
      }
      #expect(error?.reason == "IDEMPOTENCY_KEY_REUSED")
      try await world.suspend(tenant.tenantId, key: "k")
      let crossed = await expectStatus(.failedPrecondition) {
        try await world.resume(tenant.tenantId, key: "k")
      }
      #expect(crossed?.reason == "IDEMPOTENCY_KEY_REUSED")
    }
  }

  @Test("keys belong to a tenant and to a caller")
  func ownership() async throws {
    try await ServiceWorld.run { world in
      let mine = try await world.create("One", key: "k")
      let theirs = try await world.create("Two", key: "k", as: ServiceWorld.otherAdmin)
      #expect(mine.tenantId != theirs.tenantId)
      try await world.suspend(mine.tenantId, key: "s")
      try await world.suspend(theirs.tenantId, reason: "other", key: "s")
      #expect(try await world.get(theirs.tenantId).suspensionReason == "other")
    }
  }

  @Test("a failed request leaves its key free")
  func failure() async throws {
    try await ServiceWorld.run { world in
      let id = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
      await expectStatus(.notFound) { try await world.suspend(id, key: "k") }
      try await world.create(id: id)
      #expect(try await world.suspend(id, key: "k").state == .suspended)
    }
  }

  @Test("requests that arrive together with one key make one change and get one answer")
  func together() async throws {
    try await ServiceWorld.run { world in
      let answers = try await withThrowingTaskGroup(of: Tenant.self) { group in
        for _ in 0..<20 { group.addTask { try await world.create("One", key: "k") } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(Set(answers.map(\.tenantId)).count == 1)
      #expect(try await world.list().tenants.count == 1)
    }
  }

  @Test("a key is free again after 24 hours, purged or not")
  func expiry() async throws {
    try await ServiceWorld.run { world in
      let first = try await world.create("One", key: "k")
      let life = try await world.store.execute(
        "select extract(epoch from expires_at - created_at)::int as seconds "
          + "from integrationd.idempotent_requests")
      #expect(try life.first?.int("seconds") == 86_400)
      try await Self.expire(world)
      let second = try await world.create("Two", key: "k")
      #expect(second.tenantId != first.tenantId)
      #expect(try await world.create("Two", key: "k") == second)
    }
  }

  @Test("expired answers are purged in batches, others stay")
  func purge() async throws {
    try await ServiceWorld.run { world in
      try await world.create("One", key: "kept")
      try await world.store.execute(
        """
        insert into integrationd.idempotent_requests
          (tenant_id, caller, idempotency_key, method, response, created_at, expires_at)
        select gen_random_uuid(), 'c', 'k', 'm', '', now() - interval '2 days',
          now() - interval '1 day'
        from generate_series(1, 1203)
        """)
      let purger = IdempotencyPurger(
        database: world.database, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      #expect(try await purger.purge() == 1203)
      #expect(try await purger.purge() == 0)
      let left = try await world.store.execute(
        "select count(*) as rows from integrationd.idempotent_requests")
      #expect(try left.first?.int("rows") == 1)
    }
  }

  @Test("the purger works by itself, and a database that is away does not end it")
  func purger() async throws {
    try await ServiceWorld.run { world in
      try await world.create("One", key: "k")
      try await Self.expire(world)
      let purger = IdempotencyPurger(
        database: world.database, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        pause: .milliseconds(1))
      let running = Task { try await purger.run() }
      var rows = 1
      while rows > 0 {
        _ = try await world.store.terminateBackends()
        let left = try await world.store.execute(
          "select count(*) as rows from integrationd.idempotent_requests")
        rows = try left.first?.int("rows") ?? 0
      }
      running.cancel()
      await #expect(throws: CancellationError.self) { try await running.value }
    }
  }

  @Test("answers rest encrypted, bound to their row, and the worker cannot read them")
  func atRest() async throws {
    try await ServiceWorld.run { world in
      try await world.create("A very visible name", key: "k-1")
      try await world.create("Another", key: "k-2")
      let rows = try await world.store.execute(
        """
        select bool_or(position('visible'::bytea in response) > 0) as is_clear
        from integrationd.idempotent_requests
        """)
      #expect(try rows.first?.bool("is_clear") == false)
      await #expect(throws: AdminError.self) {
        try await world.store.execute(
          "select response from integrationd.idempotent_requests", as: .worker)
      }
      try await world.store.execute(
        """
        update integrationd.idempotent_requests as mine
        set response = other.response
        from integrationd.idempotent_requests as other
        where mine.idempotency_key = 'k-1' and other.idempotency_key = 'k-2'
        """)
      await #expect(throws: EnvelopeError.refused) { try await world.create("Another", key: "k-1") }
    }
  }

  @Test("a commit whose reply is lost is found out with a key: it was done, once")
  func lostReplyWithKey() async throws {
    try await ServiceWorld.run(proxied: true) { world, proxy in
      try await world.create("First")
      proxy?.cutInsteadOfAnswer(to: Self.commit)
      let tenant = try await world.create("One", key: "k")
      await proxy?.cuts(1)
      #expect(try await world.create("One", key: "k") == tenant)
      #expect(try await world.list().tenants.count == 2)
    }
  }

  @Test("a commit whose reply is lost is of unknown outcome without a key")
  func lostReplyWithoutKey() async throws {
    try await ServiceWorld.run(proxied: true) { world, proxy in
      try await world.create("First")
      proxy?.cutInsteadOfAnswer(to: Self.commit)
      let error = await expectStatus(.unavailable) { try await world.create("One") }
      #expect(error?.reason == "OUTCOME_UNKNOWN")
    }
  }

  @Test("a database that stays away after a lost commit leaves the outcome unknown, key or not")
  func lostForGood() async throws {
    try await ServiceWorld.run(proxied: true) { world, proxy in
      try await world.create("First")
      proxy?.cutInsteadOfAnswer(to: Self.commit)
      async let outcome = expectStatus(.unavailable) {
        try await world.create("One", key: "k", within: .seconds(3))
      }
      await proxy?.cuts(1)
      proxy?.close()
      #expect(await outcome?.reason == "OUTCOME_UNKNOWN")
    }
  }

  @Test(
    "a change ends before its call does",
    arguments: [
      (Duration.zero, Duration.zero), (.milliseconds(100), .milliseconds(90)),
      (.milliseconds(2500), .milliseconds(2250)), (.seconds(10), .milliseconds(9750)),
    ])
  func time(call: Duration, change: Duration) {
    #expect(Idempotency.time(of: call) == change)
  }

  @Test("a commit that is still unanswered near the end of the call is of unknown outcome")
  func slowCommit() async throws {
    try await ServiceWorld.run { world in
      // As a standby that does not answer: the commit waits.
      try await world.store.execute(
        """
        create function wait() returns trigger language plpgsql as
          $$ begin perform pg_sleep(60); return null; end $$;
        create constraint trigger wait after insert on integrationd.tenants
          deferrable initially deferred for each row execute function wait();
        """)
      for key in ["", "k"] {
        let call = world.call("CreateTenant", within: .seconds(5))
        let error = await expectStatus(.unavailable) {
          try await world.tenants.createTenant(
            CreateTenantRequest(displayName: "One", idempotencyKey: key), call)
        }
        #expect(error?.reason == "OUTCOME_UNKNOWN")
      }
    }
  }

  /// The command alone: `begin` says "read committed".
  private static let commit = "commit\u{0}"

  private static func expire(_ world: ServiceWorld) async throws {
    try await world.store.execute(
      """
      update integrationd.idempotent_requests
      set created_at = created_at - interval '25 hours',
        expires_at = expires_at - interval '25 hours'
      """)
  }
}
