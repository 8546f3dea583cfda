import FoundationEssentials
import IntegrationAPI
import Integrations
import ProtobufC
import Testing

@Suite("Webhooks: delete")
struct WebhookDeleteTests {
  @Test(
    "a deleted webhook is gone for everybody, its secrets for good, and what it is owed cancelled")
  func delete() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      let other = try await world.create().webhook?.webhookId ?? ""
      try await world.owe(id, 3)
      try await world.owe(other, 2)
      // One on its way, one that has ended.
      try await world.sql(
        """
        update integrationd.webhook_deliveries
        set lease_token = gen_random_uuid(), lease_ends_at = now() + interval '1 minute',
          attempt_started_at = now(), attempt_url = 'http://x', attempt_method = 'POST',
          attempts = 1
        where id = (
          select id from integrationd.webhook_deliveries where webhook_id = '\(id)' limit 1);
        insert into integrationd.webhook_deliveries
          (tenant_id, webhook_id, event_id, state, ended_at)
        select tenant_id, webhook_id, event_id, 'succeeded', now()
        from integrationd.webhook_deliveries where webhook_id = '\(id)' limit 1;
        """)
      let before = try await world.sql(
        "select encode(auth_credentials, 'hex') as h from integrationd.webhooks where id = '\(id)'")
      #expect(try await world.delete(id) == 2)
      await expectStatus(.notFound) { try await world.get(id) }
      #expect(try await world.list().webhooks.map(\.webhookId) == [other])
      let states = try await world.sql(
        """
        select webhook_id::text || ' ' || state as s, count(*) as n,
          count(lease_token) as leased, count(ended_at) as ended
        from integrationd.webhook_deliveries
        group by 1 order by 1
        """)
      let found = Dictionary(
        uniqueKeysWithValues: try states.map {
          (try $0.text("s"), [try $0.int("n"), try $0.int("leased"), try $0.int("ended")])
        })
      #expect(
        found == [
          "\(id) cancelled": [2, 0, 2], "\(id) pending": [1, 1, 0],
          "\(id) succeeded": [1, 0, 1], "\(other) pending": [2, 0, 0],
        ])
      let after = try await world.sql(
        """
        select encode(auth_credentials, 'hex') as h, revision
        from integrationd.webhooks
        where id = '\(id)' and deleted_at is not null and not is_active
        """)
      #expect(try after.first?.text("h") != before.first?.text("h"))
      #expect(try after.first?.int("revision") == 2)
    }
  }

  @Test("more than 10,000 owed deliveries are left for the background, and told of all the same")
  func many() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      let pending = "select count(*) from integrationd.webhook_deliveries where state = 'pending'"
      try await world.owe(id, 10_001)
      #expect(try await world.delete(id) == 10_001)
      #expect(try await world.count(pending) == 10_001)
      let exact = try await world.create().webhook?.webhookId ?? ""
      try await world.owe(exact, 10_000)
      #expect(try await world.delete(exact) == 10_000)
      #expect(try await world.count(pending) == 10_001)
    }
  }

  @Test("a webhook whose credentials cannot be read is reported, and can be deleted")
  func unreadable() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      try await world.sql("update integrationd.webhooks set revision = 2")
      let error = await expectStatus(.internal) { try await world.get(id) }
      #expect(error?.message == "the credentials of webhook \(id) cannot be read")
      await expectStatus(.internal) { try await world.list() }
      await expectStatus(.internal) { try await world.rotate(id) }
      try await world.delete(id)
      #expect(try await world.list().webhooks.isEmpty)
    }
  }

  @Test("a missing webhook is not found; a repeat under its key is answered as before")
  func statuses() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      let second = try await world.create().webhook?.webhookId ?? ""
      let other = TenantID(UUID())
      try await world.makeTenant(other)
      await expectStatus(.notFound) { try await world.delete(UUID().text) }
      await expectStatus(.notFound) { try await world.delete(id, tenant: other) }
      await expectStatus(.notFound) { try await world.delete(id, as: WebhooksWorld.stranger) }
      await expectViolations(["webhook_id"]) { try await world.delete("7") }
      try await world.owe(id, 1)
      #expect(try await world.delete(id, key: "d") == 1)
      #expect(try await world.delete(id, key: "d") == 1)
      await expectStatus(.notFound) { try await world.delete(id) }
      let error = await expectStatus(.failedPrecondition) {
        try await world.delete(second, key: "d")
      }
      #expect(error?.reason == "IDEMPOTENCY_KEY_REUSED")
      #expect(try await world.get(second).state == .active)
      await expectStatus(.notFound) { try await world.update(id, ["is_active"]) }
      await expectStatus(.notFound) { try await world.rotate(id) }
    }
  }
}
