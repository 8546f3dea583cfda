import FlyingFox
import IntegrationAPI
import Integrations
import Testing

@Suite("deliveries: what is kept, and for how long")
struct PurgeTests {
  @Test("old events go with their deliveries and the log; young ones and what is owed stay")
  func retention() async throws {
    try await DeliveryWorld.run(answer: { hit, _ in
      HTTPResponse(statusCode: hit.path == "/ok" ? .ok : .internalServerError)
    }) { world in
      _ = try await world.webhook("/ok") { $0.subscribedEvents = ["old.ended", "young.ended"] }
      _ = try await world.webhook("/bad") { $0.subscribedEvents = ["old.owed"] }
      let old = try await world.publish("old.ended").eventId
      let young = try await world.publish("young.ended").eventId
      let owed = try await world.publish("old.owed").eventId
      let nobody = try await world.publish("old.nobody").eventId
      _ = try await (world.ended(old), world.ended(young))
      await world.receiver.waitForHits(3)
      while try await world.attempts().attempts.count < 3 {
        try await Task.sleep(for: .milliseconds(10))
      }
      try await world.age([old, owed, nobody])
      #expect(try await world.purger().purge() == 2)
      #expect(try await world.purger().purge() == 0)
      let left = try await world.world.sql("select id::text as id from integrationd.events")
      #expect(Set(try left.map { try $0.text("id") }) == [young, owed])
      let logged = try await world.attempts().attempts.map(\.eventId)
      #expect(Set(logged) == [young, owed] && logged.count == 2)
      let deliveries = "select count(*) from integrationd.webhook_deliveries"
      #expect(try await world.world.count(deliveries) == 2)
    }
  }

  @Test("more than a batch goes too, and nothing else")
  func batches() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      try await world.world.sql(
        """
        insert into integrationd.events (tenant_id, id, event_type, event_data, created_at)
        select '\(world.world.tenant)', gen_random_uuid(), 'a.b', '{}',
          now() - number * interval '1 hour'
        from generate_series(0, 2999) as series (number)
        """)
      // Of 3,000 hours those beyond 60 days.
      #expect(try await world.purger().purge() == 1560)
      let count = try await world.world.count("select count(*) from integrationd.events")
      #expect(count == 1440)
    }
  }

  @Test(
    "an attempt on its way when its webhook is deleted is logged as it ends, and not made again",
    arguments: [HTTPStatusCode.ok, .internalServerError])
  func deleted(status: HTTPStatusCode) async throws {
    let gate = AsyncStream<Void>.makeStream()
    try await DeliveryWorld.run(answer: { _, _ in
      for await _ in gate.stream { break }
      return HTTPResponse(statusCode: status)
    }) { world in
      let webhook = try #require(try await world.webhook().webhook).webhookId
      let event = try await world.publish().eventId
      await world.receiver.waitForHits(1)
      #expect(try await world.world.delete(webhook) == 0)
      gate.continuation.yield()
      while try await world.attempts().attempts.isEmpty {
        try await Task.sleep(for: .milliseconds(10))
      }
      let isOwed = status != .ok
      #expect(try await world.purger().purge() == (isOwed ? 1 : 0))
      let delivery = try #require(try await world.deliveries(of: event).first)
      #expect(delivery.state == (isOwed ? .cancelled : .succeeded) && delivery.attempts == 1)
      let attempt = try await world.attempt(delivery.deliveryId, 1)
      #expect(attempt.responseStatusCode == Int32(status.code))
      #expect(world.receiver.hits.count == 1)
      try await world.checkStatistics()
    }
  }

  @Test("what a dead daemon was at when its webhook was deleted is logged as abandoned")
  func abandoned() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      let webhook = try #require(try await world.webhook().webhook).webhookId
      let event = try await world.publish().eventId
      try await world.orphan()
      #expect(try await world.world.delete(webhook) == 0)
      #expect(try await world.purger().purge() == 1)
      let delivery = try #require(try await world.deliveries(of: event).first)
      #expect(delivery.state == .cancelled && delivery.attempts == 1)
      #expect(delivery.leaseEndsAt == nil && delivery.attemptStartedAt == nil)
      #expect(try await world.attempt(delivery.deliveryId, 1).cause == .abandoned)
      try await world.checkStatistics()
    }
  }

  @Test("what a dead daemon was at when its webhook was disabled is logged, and stays owed")
  func idle() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      _ = try await world.webhook()
      let event = try await world.publish().eventId
      try await world.orphan()
      try await world.world.sql("update integrationd.webhooks set is_active = false")
      #expect(try await world.purger().purge() == 0)
      let delivery = try #require(try await world.deliveries(of: event).first)
      #expect(delivery.state == .pending && delivery.attempts == 1)
      #expect(delivery.leaseEndsAt == nil && delivery.attemptStartedAt == nil)
      #expect(try await world.attempt(delivery.deliveryId, 1).cause == .abandoned)
      try await world.checkStatistics()
      // Whose webhook is active waits for whoever takes over.
      try await world.world.sql("update integrationd.webhooks set is_active = true")
      try await world.orphan()
      #expect(try await world.purger().purge() == 0)
      #expect(try await world.deliveries(of: event).first?.leaseEndsAt != nil)
    }
  }

  @Test("a deleted webhook's past goes with its log, a minute later")
  func past() async throws {
    try await DeliveryWorld.run { world in
      let webhook = try #require(try await world.webhook().webhook).webhookId
      let other = try #require(try await world.webhook("/other").webhook).webhookId
      _ = try await world.ended(world.publish().eventId)
      #expect(try await world.world.delete(webhook) == 0)
      #expect(try await world.purger().purge() == 0)
      try await world.world.sql(
        """
        update integrationd.webhooks
        set deleted_at = deleted_at - interval '2 minutes'
        where id = '\(webhook)'
        """)
      #expect(try await world.purger().purge() == 1)
      #expect(try await world.attempts().attempts.map(\.webhookId) == [other])
      let left = try await world.world.sql(
        "select webhook_id::text as id from integrationd.webhook_deliveries")
      #expect(try left.map { try $0.text("id") } == [other])
    }
  }

  @Test("a test whose daemon died is not made by another, and is failed")
  func abandonedTest() async throws {
    try await DeliveryWorld.run { world in
      _ = try await world.webhook()
      try await world.world.sql(
        """
        with event as (
          insert into integrationd.events (tenant_id, id, event_type, event_data)
          values ('\(world.world.tenant)', gen_random_uuid(), 'webhook.test', '{}')
          returning tenant_id, id
        )
        insert into integrationd.webhook_deliveries
          (tenant_id, webhook_id, event_id, is_test, due_at, attempts, lease_token, lease_ends_at,
            attempt_started_at, attempt_url, attempt_method)
        select event.tenant_id, w.id, event.id, true, now() - interval '1 minute', 1,
          gen_random_uuid(), now(), now() - interval '1 minute', 'http://x', 'POST'
        from event, integrationd.webhooks as w
        """)
      while try await world.attempts({ $0.deliveryStatus = .failed }).attempts.isEmpty {
        try await Task.sleep(for: .milliseconds(10))
      }
      let attempts = try await world.attempts().attempts
      #expect(attempts.map(\.attemptNumber) == [2, 1])
      #expect(attempts.map(\.cause) == [.ownFault, .abandoned])
      #expect(world.receiver.hits.isEmpty)
      try await world.checkStatistics()
    }
  }
}

extension DeliveryWorld {
  fileprivate func purger() -> EventPurger {
    EventPurger(
      database: world.daemon.environment.database, logger: world.daemon.environment.logger,
      retention: .seconds(60 * 86_400))
  }

  /// Makes events older than they are kept.
  fileprivate func age(_ events: [String]) async throws {
    try await world.sql(
      """
      update integrationd.events
      set created_at = created_at - interval '61 days'
      where id::text in (\(events.map { "'\($0)'" }.joined(separator: ", ")))
      """)
  }
}
