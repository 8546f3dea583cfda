import FoundationEssentials
import IntegrationAPI
import Integrations
import ProtobufC
import Testing

@Suite("Webhooks: get, list")
struct WebhookReadTests {
  @Test("one that is unknown, another tenant's or out of the caller's reach reads as not found")
  func getMissing() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      let other = TenantID(UUID())
      try await world.makeTenant(other)
      await expectStatus(.notFound) { try await world.get(TenantID(UUID()).description) }
      await expectStatus(.notFound) { try await world.get(id, tenant: other) }
      await expectStatus(.notFound) { try await world.get(id, tenant: TenantID(UUID())) }
      await expectStatus(.notFound) { try await world.get(id, as: WebhooksWorld.stranger) }
      await expectViolations(["webhook_id"]) { try await world.get("") }
      await expectViolations(["webhook_id"]) { try await world.get("{\(id)}") }
    }
  }

  @Test("the counters are those of the statistics' row")
  func statistics() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      for (name, status) in [
        ("success", AttemptStatus.success), ("failed", .failed), ("pending_retry", .pendingRetry),
      ] {
        try await world.sql(
          """
          update integrationd.webhook_statistics
          set total_deliveries = 7, successful_deliveries = 4, failed_deliveries = 3,
            total_attempts = 19, last_delivery_at = '2026-01-02 03:04:05+00',
            last_delivery_status = '\(name)'
          where webhook_id = '\(id)'
          """)
        let webhook = try await world.get(id)
        #expect(webhook.totalDeliveries == 7 && webhook.successfulDeliveries == 4)
        #expect(webhook.failedDeliveries == 3 && webhook.totalAttempts == 19)
        #expect(webhook.lastDeliveryAt == ProtoTimestamp(seconds: 1_767_323_045, nanos: 0))
        #expect(webhook.lastDeliveryStatus == status)
      }
    }
  }

  @Test("webhooks are listed newest first, page by page, each once")
  func paging() async throws {
    try await WebhooksWorld.run { world in
      var made: [String] = []
      for _ in 0..<7 { made.append(try await world.create().webhook?.webhookId ?? "") }
      // Two of them in one moment.
      try await world.sql(
        """
        update integrationd.webhooks set created_at = '2026-01-01 00:00:00+00'
        where id in ('\(made[0])', '\(made[1])')
        """)
      var seen: [String] = []
      var token = ""
      repeat {
        let page = try await world.list {
          $0.pageSize = 3; $0.pageToken = token
        }
        #expect(page.webhooks.count <= 3 && page.webhooks.allSatisfy { $0.secrets.count == 1 })
        seen += page.webhooks.map(\.webhookId)
        token = page.nextPageToken
      } while !token.isEmpty
      #expect(seen.count == 7 && Set(seen) == Set(made))
      #expect(Array(seen.prefix(5)) == made.suffix(5).reversed())
    }
  }

  @Test("filters choose by state, and by the types that subscriptions cover")
  func filters() async throws {
    try await WebhooksWorld.run { world in
      func make(_ events: [String]) async throws -> String {
        try await world.create { $0.subscribedEvents = events }.webhook?.webhookId ?? ""
      }
      let exact = try await make(["payment.captured"])
      let prefix = try await make(["payment.*", "student.*"])
      let everything = try await make(["*"])
      let stopped = try await make(["fee.paid"])
      try await world.update(stopped, ["is_active"])
      let gone = try await make(["fee.paid"])
      try await world.sql(
        """
        update integrationd.webhooks
        set is_active = false, disabled_reason = 'the receiver answered 410'
        where id = '\(gone)'
        """)
      func ids(_ edit: (inout ListWebhooksRequest) -> Void) async throws -> Set<String> {
        Set(try await world.list(edit).webhooks.map(\.webhookId))
      }
      #expect(try await ids { _ in }.count == 5)
      #expect(try await ids { $0.state = .active } == [exact, prefix, everything])
      #expect(try await ids { $0.state = .disabled } == [stopped])
      #expect(try await ids { $0.state = .disabledByReceiver } == [gone])
      #expect(
        try await ids { $0.eventType = "payment.captured" } == [exact, prefix, everything])
      #expect(try await ids { $0.eventType = "payment.card.captured" } == [prefix, everything])
      #expect(try await ids { $0.eventType = "payment" } == [everything])
      #expect(
        try await ids {
          $0.eventType = "fee.paid"; $0.state = .disabledByReceiver
        } == [gone])
      #expect(try await world.get(gone).state == .disabledByReceiver)
    }
  }

  @Test("a listing refuses what it does not know, and an unknown tenant is not found")
  func listStatuses() async throws {
    try await WebhooksWorld.run { world in
      #expect(try await world.list().webhooks.isEmpty)
      await expectViolations(["page_size", "state", "event_type"]) {
        try await world.list {
          $0.pageSize = 1001
          $0.state = .unrecognized(4)
          $0.eventType = "payment.*"
        }
      }
      await expectStatus(.notFound) {
        try await world.list { $0.tenantId = TenantID(UUID()).description }
      }
      await expectStatus(.notFound) { try await world.list(as: WebhooksWorld.stranger) }
      for _ in 0..<2 { try await world.create() }
      let token = try await world.list { $0.pageSize = 1 }.nextPageToken
      await expectViolations(["page_token"]) {
        try await world.list {
          $0.pageToken = token; $0.state = .active
        }
      }
      await expectViolations(["page_token"]) {
        try await world.list {
          $0.pageToken = token; $0.eventType = "a"
        }
      }
      await expectViolations(["page_token"]) { try await world.list { $0.pageToken = "x" } }
    }
  }
}
