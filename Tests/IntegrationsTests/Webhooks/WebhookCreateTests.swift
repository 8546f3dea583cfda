import FoundationEssentials
import IntegrationAPI
import Integrations
import NetworkAddress
import ProtobufC
import Signing
import TTRPC
import Testing

@Suite("Webhooks: create")
struct WebhookCreateTests {
  @Test("a webhook gets the documented defaults, and its secret is answered once")
  func defaults() async throws {
    try await WebhooksWorld.run { world in
      let created = try await world.create()
      let webhook = try #require(created.webhook)
      #expect(created.signingSecret.wholeMatch(of: /whsec_[A-Za-z0-9+\/]{43}=/) != nil)
      #expect(webhook.tenantId == world.tenant.description)
      #expect(webhook.webhookName == "Ledger")
      #expect(webhook.webhookUrl == "https://ledger.example/hooks")
      #expect(webhook.subscribedEvents == ["payment.captured"])
      #expect(webhook.authType == .hmac && webhook.signatureProfile == .standard)
      #expect(webhook.signatureHeader.isEmpty && webhook.username.isEmpty)
      #expect(webhook.httpMethod == "POST" && webhook.customHeaders.isEmpty)
      #expect(webhook.timeout == .seconds(15))
      #expect(webhook.retryEnabled && webhook.maxRetries == 3)
      #expect(webhook.retryDelay == .seconds(60) && webhook.retryPolicy == nil)
      #expect(webhook.isActive && webhook.state == .active)
      #expect(webhook.totalDeliveries == 0 && webhook.totalAttempts == 0)
      #expect(webhook.lastDeliveryAt == nil && webhook.lastDeliveryStatus == .unspecified)
      #expect(webhook.createdAt != nil && webhook.createdAt == webhook.updatedAt)
      let secret = try #require(webhook.secrets.first)
      #expect(webhook.secrets.count == 1 && secret.version == 1 && secret.expiresAt == nil)
      #expect(secret.lastFour == String(created.signingSecret.suffix(4)))
      #expect(secret.publicKey.isEmpty && secret.createdAt == webhook.createdAt)
      #expect(try await world.get(webhook.webhookId) == webhook)
    }
  }

  @Test("a webhook keeps everything it is given, but shows no secret again")
  func settings() async throws {
    try await WebhooksWorld.run { world in
      var policy = WebhookRetryPolicy(preset: .custom, delays: [.seconds(1), .seconds(604_800)])
      policy.jitterPercent = 50
      policy.statusRules = [
        WebhookStatusRule(firstStatus: 300, lastStatus: 399, action: .fail),
        WebhookStatusRule(firstStatus: 410, lastStatus: 410, action: .retry),
        WebhookStatusRule(firstStatus: 599, lastStatus: 599, action: .disable),
      ]
      let created = try await world.create {
        $0.webhookName = "Größe 🔔"
        $0.webhookUrl = "https://[2606:4700:4700::1111]:8443/a%20b?c=d"
        $0.subscribedEvents = ["payment.*", "*", "student.enrolled"]
        $0.auth = WebhookAuth(authType: .basic, username: "käthe", password: "p:ß word")
        $0.httpMethod = "PATCH"
        $0.customHeaders = [
          WebhookHeader(name: "X-Env", value: "prod\tblue"),
          WebhookHeader(name: "X-Api-Key", value: "k1"),
          WebhookHeader(name: "X-Authorization", value: "k2"),
          WebhookHeader(name: "X-MyToken", value: "k3"),
        ]
        $0.timeout = .seconds(29, nanos: 500_000_000)
        $0.optionalRetryEnabled = .retryEnabled(false)
        $0.maxRetries = 50
        $0.retryDelay = .seconds(1, nanos: 250_000_000)
        $0.retryPolicy = policy
        $0.optionalIsActive = .isActive(false)
      }
      let webhook = try #require(created.webhook)
      #expect(created.signingSecret.isEmpty)
      #expect(webhook.webhookName == "Größe 🔔")
      #expect(webhook.webhookUrl == "https://[2606:4700:4700::1111]:8443/a%20b?c=d")
      #expect(webhook.subscribedEvents == ["payment.*", "*", "student.enrolled"])
      #expect(webhook.authType == .basic && webhook.username == "käthe")
      #expect(webhook.signatureProfile == .unspecified && webhook.secrets.isEmpty)
      #expect(webhook.httpMethod == "PATCH")
      #expect(
        webhook.customHeaders.map(\.name) == ["X-Env", "X-Api-Key", "X-Authorization", "X-MyToken"])
      #expect(webhook.customHeaders.map(\.value) == ["prod\tblue", "***", "***", "***"])
      #expect(webhook.timeout == .seconds(29, nanos: 500_000_000))
      #expect(!webhook.retryEnabled && webhook.maxRetries == 50)
      #expect(webhook.retryDelay == .seconds(1, nanos: 250_000_000))
      #expect(webhook.retryPolicy == policy)
      #expect(!webhook.isActive && webhook.state == .disabled)
    }
  }

  @Test(
    "each profile gets a secret that fits, generated or given",
    arguments: [
      WebhookSignatureProfile.standard, .standardAsymmetric, .github, .stripe, .bodyHex,
    ])
  func profiles(profile: WebhookSignatureProfile) async throws {
    try await WebhooksWorld.run { world in
      let generated = try await world.create {
        $0.auth = WebhookAuth(authType: .hmac, signatureProfile: profile)
      }
      let shown = try #require(generated.webhook)
      let prefix = profile == .standardAsymmetric ? "whsk_" : "whsec_"
      #expect(generated.signingSecret.hasPrefix(prefix))
      #expect(shown.signatureProfile == profile)
      #expect(shown.signatureHeader == (profile == .bodyHex ? "X-Signature" : ""))
      #expect(shown.secrets.first?.publicKey.isEmpty == (profile != .standardAsymmetric))
      let publicKey =
        profile == .standardAsymmetric
        ? try SigningSecret(generated.signingSecret).publicKey?.text : ""
      #expect(shown.secrets.first?.publicKey == publicKey)
      let own =
        switch profile {
        case .standard: SigningSecret.generateSymmetric().text.reveal()
        case .standardAsymmetric: SigningSecret.generateEd25519().text.reveal()
        default: "sixteen-visible-"
        }
      let given = try await world.create {
        $0.auth = WebhookAuth(signatureProfile: profile, signingSecret: own)
        if profile == .bodyHex { $0.auth?.signatureHeader = "X-Acme-Sig" }
      }
      #expect(given.signingSecret.isEmpty)
      #expect(given.webhook?.secrets.first?.lastFour == String(own.suffix(4)))
      #expect(given.webhook?.signatureHeader == (profile == .bodyHex ? "X-Acme-Sig" : ""))
    }
  }

  @Test("no secret rests in the database in clear")
  func rest() async throws {
    try await WebhooksWorld.run { world in
      let signed = try await world.create {
        $0.idempotencyKey = "once"
        $0.customHeaders = [WebhookHeader(name: "X-Plain", value: "header-value-in-question")]
      }
      try await world.create {
        $0.auth = WebhookAuth(
          authType: .basic, username: "user-in-question", password: "password-in-question")
      }
      try await world.create {
        $0.auth = WebhookAuth(authType: .bearer, token: "token-in-question")
      }
      for table in ["webhooks", "idempotent_requests"] {
        let rows = try await world.sql(
          "select coalesce(string_agg(t::text, ' '), '') as rows from integrationd.\(table) as t")
        let text = try #require(try rows.first?.text("rows"))
        for secret in [
          signed.signingSecret, "header-value-in-question", "user-in-question",
          "password-in-question", "token-in-question",
        ] {
          #expect(!text.contains(secret))
          let hex = secret.utf8.map { String($0, radix: 16) }.joined()
          #expect(!text.contains(hex.dropFirst(8).prefix(20)))
        }
      }
    }
  }

  @Test("everything that is wrong is named by its field", arguments: BadWebhook.all)
  func violations(_ bad: BadWebhook) async throws {
    try await WebhooksWorld.withoutDatabase { world in
      await expectViolations(bad.fields) { try await world.create(bad.edit) }
    }
  }

  @Test("the greatest and least values that are documented are taken")
  func edges() async throws {
    try await WebhooksWorld.run { world in
      try await world.create {
        $0.webhookName = String(repeating: "🔔", count: 200)
        $0.webhookUrl = "https://a.example/" + String(repeating: "p", count: 2030)
        $0.subscribedEvents = Array(repeating: String(repeating: "e", count: 128), count: 100)
        $0.auth = WebhookAuth(
          authType: .basic, username: String(repeating: "é", count: 255),
          password: String(repeating: "🔑", count: 1024))
        $0.customHeaders = [
          WebhookHeader(name: "X-A", value: String(repeating: "\"", count: 4096)),
          WebhookHeader(name: "X-B", value: String(repeating: "\\", count: 4090)),
        ]
        $0.timeout = .seconds(30)
        $0.maxRetries = 1
        $0.retryDelay = .seconds(604_800)
        $0.retryPolicy = WebhookRetryPolicy(
          preset: .custom, delays: Array(repeating: .seconds(604_800), count: 50),
          jitterPercent: 50,
          statusRules: Array(
            repeating: WebhookStatusRule(firstStatus: 300, lastStatus: 599, action: .disable),
            count: 20))
        $0.idempotencyKey = String(repeating: "~", count: 255)
      }
      try await world.create {
        $0.auth = WebhookAuth(
          authType: .bearer, token: String(repeating: "t", count: 4094) + "==")
        $0.timeout = .seconds(1)
        $0.maxRetries = 50
        $0.retryDelay = .seconds(1)
      }
      #expect(try await world.list().webhooks.count == 2)
    }
  }

  @Test("http and private addresses are taken where the operator opened them, metadata never")
  func opened() async throws {
    let outbound = OutboundSettings(
      allowsHTTP: true,
      addresses: AddressPolicy(
        allowed: CIDRSet([try CIDRBlock("127.0.0.0/8"), try CIDRBlock("169.254.0.0/16")])))
    try await WebhooksWorld.run(outbound: outbound) { world in
      let created = try await world.create { $0.webhookUrl = "http://127.0.0.1:8080/x" }
      #expect(created.webhook?.webhookUrl == "http://127.0.0.1:8080/x")
      for url in ["http://10.0.0.1/", "http://169.254.169.254/"] {
        await expectViolations(["webhook_url"]) { try await world.create { $0.webhookUrl = url } }
      }
    }
  }

  @Test("an unknown tenant and one of somebody else read as not found, a suspended one is refused")
  func tenants() async throws {
    try await WebhooksWorld.run { world in
      await expectStatus(.notFound) {
        try await world.create { $0.tenantId = TenantID(UUID()).description }
      }
      await expectStatus(.notFound) { try await world.create(as: WebhooksWorld.stranger) }
      try await world.suspendTenant()
      let error = await expectStatus(.failedPrecondition) { try await world.create() }
      #expect(error?.reason == "TENANT_SUSPENDED")
    }
  }

  @Test("a repeat with the same idempotency key gets the same secret; another request none")
  func idempotent() async throws {
    try await WebhooksWorld.run { world in
      let first = try await world.create { $0.idempotencyKey = "k" }
      #expect(try await world.create { $0.idempotencyKey = "k" } == first)
      let error = await expectStatus(.failedPrecondition) {
        try await world.create {
          $0.idempotencyKey = "k"; $0.webhookName = "Other"
        }
      }
      #expect(error?.reason == "IDEMPOTENCY_KEY_REUSED")
      #expect(try await world.list().webhooks.count == 1)
    }
  }

  @Test("a tenant has at most 1,000 webhooks, however many calls come at once")
  func quota() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      try await world.sql(
        """
        insert into integrationd.webhooks
          (tenant_id, webhook_name, webhook_url, subscribed_events, auth_type, auth_credentials)
        select '\(world.tenant)', 'w', 'https://a.example/', '{*}', 'none', ''
        from generate_series(1, \(WebhooksService.maxLiveWebhooks - 2))
        """)
      let outcomes = await withTaskGroup(of: StatusCode?.self) { group in
        for _ in 0..<4 {
          group.addTask {
            do {
              _ = try await world.create()
              return nil
            } catch {
              return (error as? any RPCErrorConvertible)?.rpcError.code ?? .unknown
            }
          }
        }
        return await group.reduce(into: [StatusCode?]()) { $0.append($1) }
      }
      #expect(outcomes.count { $0 == nil } == 1)
      #expect(outcomes.count { $0 == .resourceExhausted } == 3)
      try await world.delete(id)
      try await world.create()
      let error = await expectStatus(.resourceExhausted) { try await world.create() }
      guard case .quotaFailure(let violations) = error?.details.first else {
        Issue.record("no QuotaFailure")
        return
      }
      #expect(violations.count == 1)
    }
  }
}
