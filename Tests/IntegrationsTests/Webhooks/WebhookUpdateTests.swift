import FoundationEssentials
import IntegrationAPI
import Integrations
import ProtobufC
import TTRPC
import Testing

@Suite("Webhooks: update")
struct WebhookUpdateTests {
  @Test("an update changes what its mask names and nothing else, and is a revision of its own")
  func mask() async throws {
    try await WebhooksWorld.run { world in
      let before = try #require(
        try await world.create {
          $0.customHeaders = [WebhookHeader(name: "X-A", value: "a")]
        }.webhook)
      let id = before.webhookId
      let renamed = try await world.update(id, ["webhook_name", "webhook_name"]) {
        $0.webhookName = "New"
        $0.webhookUrl = "ignored"
      }
      var expected = before
      expected.webhookName = "New"
      expected.updatedAt = renamed.webhook?.updatedAt
      #expect(renamed.webhook == expected && renamed.signingSecret.isEmpty)
      let policy = WebhookRetryPolicy(preset: .standard, jitterPercent: 7)
      let changed = try #require(
        try await world.update(
          id,
          [
            "webhook_url", "subscribed_events", "http_method", "custom_headers", "timeout",
            "retry_enabled", "max_retries", "retry_delay", "retry_policy", "is_active",
          ]
        ) {
          $0.webhookUrl = "https://other.example/"
          $0.subscribedEvents = ["*"]
          $0.httpMethod = "PUT"
          $0.customHeaders = [WebhookHeader(name: "X-B", value: "b")]
          $0.timeout = .seconds(3)
          $0.maxRetries = 9
          $0.retryDelay = .seconds(9)
          $0.retryPolicy = policy
        }.webhook)
      #expect(changed.webhookName == "New" && changed.webhookUrl == "https://other.example/")
      #expect(changed.subscribedEvents == ["*"] && changed.httpMethod == "PUT")
      #expect(changed.customHeaders == [WebhookHeader(name: "X-B", value: "b")])
      #expect(changed.timeout == .seconds(3) && changed.maxRetries == 9)
      #expect(changed.retryDelay == .seconds(9) && changed.retryPolicy == policy)
      #expect(!changed.retryEnabled && !changed.isActive && changed.state == .disabled)
      #expect(changed.secrets == before.secrets)
      #expect(try await world.get(id) == changed)
      let standard = try #require(
        try await world.update(
          id,
          [
            "http_method", "timeout", "max_retries", "retry_delay", "retry_policy",
            "custom_headers",
          ]
        ).webhook)
      #expect(standard.httpMethod == "POST" && standard.timeout == .seconds(15))
      #expect(standard.maxRetries == 3 && standard.retryDelay == .seconds(60))
      #expect(standard.retryPolicy == nil && standard.customHeaders.isEmpty)
      #expect(try await world.count("select revision from integrationd.webhooks") == 4)
    }
  }

  @Test("a new auth replaces all of the old one, secrets included")
  func auth() async throws {
    try await WebhooksWorld.run { world in
      let created = try await world.create()
      let id = created.webhook?.webhookId ?? ""
      try await world.rotate(id)
      let basic = try await world.update(
        id, ["auth"], auth: WebhookAuth(authType: .basic, username: "u", password: "p"))
      #expect(basic.signingSecret.isEmpty && basic.webhook?.authType == .basic)
      #expect(basic.webhook?.username == "u" && basic.webhook?.secrets == [])
      #expect(basic.webhook?.signatureProfile == .unspecified)
      let signed = try await world.update(
        id, ["auth"],
        auth: WebhookAuth(signatureProfile: .bodyHex, signatureHeader: "X-Acme"))
      #expect(signed.signingSecret.hasPrefix("whsec_"))
      #expect(signed.webhook?.username == "" && signed.webhook?.signatureHeader == "X-Acme")
      #expect(signed.webhook?.secrets.map(\.version) == [1])
      let given = try await world.update(
        id, ["auth"],
        auth: WebhookAuth(signatureProfile: .github, signingSecret: "sixteen-visible-"))
      #expect(given.signingSecret.isEmpty && given.webhook?.secrets.first?.lastFour == "ble-")
      let none = try await world.update(id, ["auth"], auth: WebhookAuth(authType: .none))
      #expect(none.webhook?.authType == WebhookAuthType.none && none.webhook?.secrets == [])
    }
  }

  @Test("a header's masked value keeps the value it has, whatever the order and case")
  func kept() async throws {
    try await WebhooksWorld.run { world in
      let id =
        try await world.create {
          $0.customHeaders = [
            WebhookHeader(name: "X-Token", value: "secret-1"),
            WebhookHeader(name: "X-Plain", value: "plain-1"),
          ]
        }.webhook?.webhookId ?? ""
      let changed = try await world.update(id, ["custom_headers"]) {
        $0.customHeaders = [
          WebhookHeader(name: "X-Plain", value: "***"),
          WebhookHeader(name: "X-New", value: "new"),
          WebhookHeader(name: "x-token", value: "***"),
        ]
      }
      #expect(changed.webhook?.customHeaders.map(\.value) == ["plain-1", "new", "***"])
      let target = try await world.target(id)
      #expect(target.headers.map(\.name) == ["X-Plain", "X-New", "x-token"])
      #expect(target.headers.map(\.value) == ["plain-1", "new", "secret-1"])
      await expectViolations(["webhook.custom_headers[1].value"]) {
        try await world.update(id, ["custom_headers"]) {
          $0.customHeaders = [
            WebhookHeader(name: "X-Token", value: "***"),
            WebhookHeader(name: "X-Unknown", value: "***"),
          ]
        }
      }
    }
  }

  @Test("headers and authentication have to go together, whichever of them changes")
  func together() async throws {
    try await WebhooksWorld.run { world in
      let id =
        try await world.create {
          $0.customHeaders = [WebhookHeader(name: "Authorization", value: "Custom x")]
        }.webhook?.webhookId ?? ""
      let basic = WebhookAuth(authType: .basic, username: "u", password: "p")
      await expectViolations(["auth"]) { try await world.update(id, ["auth"], auth: basic) }
      try await world.update(id, ["auth", "custom_headers"], auth: basic)
      await expectViolations(["webhook.custom_headers[0].name"]) {
        try await world.update(id, ["custom_headers"]) {
          $0.customHeaders = [WebhookHeader(name: "Authorization", value: "Custom x")]
        }
      }
      #expect(try await world.get(id).customHeaders.isEmpty)
    }
  }

  @Test("whoever enables or disables takes the place of the receiver's reason")
  func reason() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      func disable() async throws {
        try await world.daemon.database.transaction(
          in: .worker, deadline: .within(.seconds(60))
        ) { transaction in
          try await world.daemon.repository.disable(
            world.lane(id), reason: "the receiver answered 410", in: transaction)
        }
      }
      let revision = try await world.count("select revision from integrationd.webhooks")
      try await disable()
      #expect(try await world.get(id).state == .disabledByReceiver)
      #expect(try await world.count("select revision from integrationd.webhooks") == revision)
      // Another change is no decision about that.
      try await world.update(id, ["webhook_name"]) { $0.webhookName = "n" }
      #expect(try await world.get(id).state == .disabledByReceiver)
      let enabled = try await world.update(id, ["is_active"]) { $0.isActive = true }
      #expect(enabled.webhook?.state == .active)
      try await disable()
      #expect(try await world.update(id, ["is_active"]).webhook?.state == .disabled)
      // One that is disabled already keeps its state.
      try await disable()
      #expect(try await world.get(id).state == .disabled)
    }
  }

  @Test("an update names everything that is wrong with it")
  func violations() async throws {
    try await WebhooksWorld.withoutDatabase { world in
      let id = UUID().text
      await expectViolations(["update_mask"]) { try await world.update(id, []) }
      await expectViolations([
        "webhook_id", "update_mask.paths[0]", "update_mask.paths[2]", "webhook.webhook_name",
        "idempotency_key",
      ]) {
        try await world.update("7", ["secrets", "webhook_name", "webhookName"], key: "a b")
      }
      await expectViolations(["auth"]) { try await world.update(id, ["auth"]) }
      await expectViolations(["auth.token"]) {
        try await world.update(id, ["auth"], auth: WebhookAuth(authType: .bearer))
      }
      await expectViolations([
        "webhook.webhook_url", "webhook.subscribed_events[0]", "webhook.http_method",
        "webhook.custom_headers[0].value", "webhook.timeout", "webhook.max_retries",
        "webhook.retry_delay", "webhook.retry_policy.delays",
      ]) {
        try await world.update(
          id,
          [
            "webhook_url", "subscribed_events", "http_method", "custom_headers", "timeout",
            "max_retries", "retry_delay", "retry_policy",
          ]
        ) {
          $0.webhookUrl = "https://192.168.0.1/"
          $0.subscribedEvents = ["**"]
          $0.httpMethod = "DELETE"
          $0.customHeaders = [WebhookHeader(name: "X-A", value: "a\u{0}b")]
          $0.timeout = .seconds(31)
          $0.maxRetries = 51
          $0.retryDelay = .seconds(0)
          $0.retryPolicy = WebhookRetryPolicy(preset: .custom)
        }
      }
    }
  }

  @Test("a missing webhook is not found, and an idempotency key is good for one request")
  func statuses() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      let other = TenantID(UUID())
      try await world.makeTenant(other)
      await expectStatus(.notFound) { try await world.update(UUID().text, ["is_active"]) }
      await expectStatus(.notFound) { try await world.update(id, ["is_active"], tenant: other) }
      await expectStatus(.notFound) {
        try await world.update(id, ["is_active"], as: WebhooksWorld.stranger)
      }
      let auth = WebhookAuth(authType: .hmac)
      let changed = try await world.update(id, ["auth"], auth: auth, key: "u")
      #expect(!changed.signingSecret.isEmpty)
      #expect(try await world.update(id, ["auth"], auth: auth, key: "u") == changed)
      let reused = await expectStatus(.failedPrecondition) {
        try await world.update(id, ["is_active"], key: "u")
      }
      #expect(reused?.reason == "IDEMPOTENCY_KEY_REUSED")
    }
  }

  @Test("a suspended tenant's webhooks can be read, changed, rotated and deleted")
  func suspended() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      try await world.suspendTenant()
      #expect(try await world.get(id).state == .active)
      try await world.update(id, ["webhook_name"]) { $0.webhookName = "x" }
      #expect(try await world.rotate(id).webhook?.secrets.count == 2)
      try await world.delete(id)
    }
  }

  @Test("changes at once make one revision each, and none is lost")
  func concurrent() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<8 {
          group.addTask {
            if number.isMultiple(of: 2) {
              try await world.update(id, ["max_retries"]) { $0.maxRetries = Int32(number) + 1 }
            } else {
              try await world.rotate(id)
            }
          }
        }
        try await group.waitForAll()
      }
      let webhook = try await world.get(id)
      #expect(webhook.secrets.map(\.version) == [5, 4, 3, 2, 1])
      #expect([1, 3, 5, 7].contains(webhook.maxRetries))
      #expect(try await world.count("select revision from integrationd.webhooks") == 9)
    }
  }
}
