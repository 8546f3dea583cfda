import FoundationEssentials
import Integrations
import IntegrationAPI
import ProtobufC
import TTRPC
import Testing

@Suite("API keys: create, get, list, update, revoke")
struct APIKeysManagementTests {
  // MARK: Create

  @Test("a key gets the documented defaults, and its secret is answered once")
  func defaults() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create()
      let key = try #require(created.key)
      #expect(created.apiKey.wholeMatch(of: /sk_live_[0-9A-Za-z]{49}/) != nil)
      #expect(created.apiSecret.isEmpty)
      #expect(key.tenantId == world.tenant.description)
      #expect(key.environment == .production)
      #expect(key.state == .active && key.isActive)
      #expect(key.rateLimitPerMinute == 60 && key.rateLimitPerHour == 1000)
      #expect(key.totalRequests == 0 && key.lastUsedAt == nil && key.expiresAt == nil)
      #expect(key.rotationDueAt == nil && key.lastRotatedAt == nil && key.revokedAt == nil)
      #expect(!key.hasApiSecret)
      let secret = try #require(key.secrets.first)
      #expect(key.secrets.count == 1 && secret.version == 1 && secret.expiresAt == nil)
      #expect(secret.prefix == String(created.apiKey.prefix(12)))
      #expect(secret.lastFour == String(created.apiKey.suffix(4)))
      #expect(try await world.get(key.keyId) == key)
    }
  }

  @Test("a key keeps everything it is given")
  func settings() async throws {
    try await APIKeysWorld.run { world in
      let expiry = ProtoTimestamp.fromNow(seconds: 3600)
      let created = try await world.create {
        $0.keyName = "Schlüssel 🔑"
        $0.environment = .staging
        $0.allowedEndpoints = ["GET /v1/students/{id}/**", "payments.v1.Payments/*"]
        $0.allowedIpAddresses = ["10.0.0.0/8", "2001:db8::1"]
        $0.rateLimitPerMinute = -1
        $0.rateLimitPerHour = 1_000_000_000
        $0.expiresAt = expiry
        $0.rotationFrequencyDays = 90
        $0.notes = "line one\nline two"
        $0.withApiSecret = true
      }
      let key = try #require(created.key)
      #expect(created.apiKey.hasPrefix("sk_stg_"))
      #expect(created.apiSecret.wholeMatch(of: /ss_[0-9A-Za-z]{49}/) != nil)
      #expect(key.keyName == "Schlüssel 🔑" && key.environment == .staging)
      #expect(key.allowedEndpoints == ["GET /v1/students/{id}/**", "payments.v1.Payments/*"])
      #expect(key.allowedIpAddresses == ["10.0.0.0/8", "2001:db8::1"])
      #expect(key.rateLimitPerMinute == -1 && key.rateLimitPerHour == 1_000_000_000)
      #expect(key.expiresAt == expiry && key.rotationFrequencyDays == 90)
      let due = try #require(key.rotationDueAt)
      let born = try #require(key.createdAt)
      #expect(due.seconds - born.seconds == 90 * 86_400 && due.nanos == born.nanos)
      #expect(key.notes == "line one\nline two" && key.hasApiSecret)
    }
  }

  @Test("neither secret rests in the database in clear")
  func rest() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create {
        $0.withApiSecret = true; $0.idempotencyKey = "once"
      }
      for table in ["api_keys", "api_key_secrets", "idempotent_requests"] {
        let rows = try await world.store.execute(
          "select coalesce(string_agg(t::text, ' '), '') as rows from integrationd.\(table) as t")
        let text = try #require(try rows.first?.text("rows"))
        for secret in [created.apiKey, created.apiSecret] {
          #expect(!text.contains(secret.dropFirst(12).prefix(20)))
          let hex = secret.utf8.map { String($0, radix: 16) }.joined()
          #expect(!text.contains(hex.dropFirst(24).prefix(40)))
        }
      }
    }
  }

  @Test("everything that is wrong with a request is named at once")
  func violations() async throws {
    try await APIKeysWorld.run { world in
      await expectViolations([
        "tenant_id", "key_name", "environment", "allowed_endpoints[1]", "allowed_endpoints[2]",
        "allowed_ip_addresses[0]", "allowed_ip_addresses[2]", "rate_limit_per_minute",
        "rate_limit_per_hour", "expires_at", "rotation_frequency_days", "notes",
        "idempotency_key",
      ]) {
        try await world.create {
          $0.tenantId = "not-a-uuid"
          $0.keyName = ""
          $0.environment = .unrecognized(9)
          $0.allowedEndpoints = ["GET /ok", "get /no", String(repeating: "x", count: 501)]
          $0.allowedIpAddresses = ["10.0.0.1/8", "10.0.0.1", "fe80::1%eth0"]
          $0.rateLimitPerMinute = -2
          $0.rateLimitPerHour = 1_000_000_001
          $0.expiresAt = .fromNow(seconds: -60)
          $0.rotationFrequencyDays = 3651
          $0.notes = String(repeating: "n", count: 2001)
          $0.idempotencyKey = "with space"
        }
      }
      await expectViolations(["tenant_id", "key_name", "allowed_endpoints", "allowed_ip_addresses"])
      {
        try await world.create {
          $0.tenantId = ""
          $0.keyName = String(repeating: "n", count: 201)
          $0.allowedEndpoints = Array(repeating: "GET /a", count: 101)
          $0.allowedIpAddresses = Array(repeating: "::1", count: 101)
        }
      }
      await expectViolations(["expires_at"]) {
        try await world.create { $0.expiresAt = ProtoTimestamp(seconds: 0, nanos: -1) }
      }
    }
  }

  @Test("the greatest and least values that are documented are taken")
  func edges() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create {
        $0.keyName = String(repeating: "🔑", count: 200)
        $0.allowedEndpoints = Array(
          repeating: "GET /" + String(repeating: "é", count: 495), count: 100)
        $0.allowedIpAddresses = Array(repeating: "::1", count: 100)
        $0.rateLimitPerMinute = 1
        $0.rateLimitPerHour = 1
        $0.rotationFrequencyDays = 3650
        $0.notes = String(repeating: "n", count: 2000)
        $0.idempotencyKey = String(repeating: "~", count: 255)
      }
      #expect(created.key?.allowedEndpoints.count == 100)
    }
  }

  @Test("an expiry in the past is refused by the database's clock")
  func pastExpiry() async throws {
    try await APIKeysWorld.run { world in
      await expectViolations(["expires_at"]) {
        try await world.create { $0.expiresAt = .fromNow(seconds: -1) }
      }
    }
  }

  @Test("an unknown tenant and one of somebody else read as not found, a suspended one is refused")
  func tenants() async throws {
    try await APIKeysWorld.run { world in
      await expectStatus(.notFound) {
        try await world.create { $0.tenantId = TenantID(UUID()).description }
      }
      await expectStatus(.notFound) { try await world.create(as: APIKeysWorld.stranger) }
      try await world.suspendTenant()
      let error = await expectStatus(.failedPrecondition) { try await world.create() }
      #expect(error?.reason == "TENANT_SUSPENDED")
    }
  }

  @Test("a repeat with the same idempotency key gets the same key and secret; another request none")
  func idempotentCreate() async throws {
    try await APIKeysWorld.run(daemons: 2) { world in
      let first = try await world.create {
        $0.idempotencyKey = "k"; $0.withApiSecret = true
      }
      let second = try await world.create {
        $0.idempotencyKey = "k"; $0.withApiSecret = true
      }
      #expect(first == second)
      let error = await expectStatus(.failedPrecondition) {
        try await world.create { $0.idempotencyKey = "k" }
      }
      #expect(error?.reason == "IDEMPOTENCY_KEY_REUSED")
      #expect(try await world.list().keys.count == 1)
    }
  }

  @Test("a repeat gets its answer even when the request would be refused by now")
  func repeatAfterRefusal() async throws {
    try await APIKeysWorld.run { world in
      let first = try await world.create { $0.idempotencyKey = "early" }
      try await world.suspendTenant()
      #expect(try await world.create { $0.idempotencyKey = "early" } == first)
      await expectStatus(.failedPrecondition) {
        try await world.create { $0.idempotencyKey = "late" }
      }
    }
  }

  @Test("a tenant has at most 10,000 keys that are not revoked, however many calls come at once")
  func quota() async throws {
    try await APIKeysWorld.run { world in
      let id = try await world.create().key?.keyId ?? ""
      try await world.sql(
        """
        insert into integrationd.api_keys (tenant_id, key_name)
        select '\(world.tenant)', 'k'
        from generate_series(1, \(APIKeysService.maxLiveKeys - 2))
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
      _ = try await world.revoke(id)
      _ = try await world.create()
      let error = await expectStatus(.resourceExhausted) { try await world.create() }
      guard case .quotaFailure(let violations) = error?.details.first else {
        Issue.record("no QuotaFailure")
        return
      }
      #expect(violations.count == 1)
    }
  }

  // MARK: Get

  @Test("a key that is unknown, another tenant's or out of the caller's reach reads as not found")
  func getMissing() async throws {
    try await APIKeysWorld.run { world in
      let id = try await world.create().key?.keyId ?? ""
      let other = TenantID(UUID())
      try await world.makeTenant(other)
      await expectStatus(.notFound) { try await world.get(TenantID(UUID()).description) }
      await expectStatus(.notFound) { try await world.get(id, tenant: other) }
      await expectStatus(.notFound) { try await world.get(id, tenant: TenantID(UUID())) }
      await expectStatus(.notFound) { try await world.get(id, as: APIKeysWorld.stranger) }
      await expectViolations(["key_id"]) { try await world.get("") }
      await expectViolations(["key_id"]) { try await world.get("{\(id)}") }
    }
  }

  // MARK: List

  @Test("keys are listed newest first, page by page, each once")
  func paging() async throws {
    try await APIKeysWorld.run { world in
      var made: [String] = []
      for _ in 0..<7 { made.append(try await world.create().key?.keyId ?? "") }
      // Two of them in one moment.
      try await world.sql(
        """
        update integrationd.api_keys set created_at = '2026-01-01 00:00:00+00'
        where id in ('\(made[0])', '\(made[1])')
        """)
      var seen: [String] = []
      var token = ""
      repeat {
        let page = try await world.list {
          $0.pageSize = 3; $0.pageToken = token
        }
        #expect(page.keys.count <= 3 && page.keys.allSatisfy { $0.secrets.count == 1 })
        seen += page.keys.map(\.keyId)
        token = page.nextPageToken
      } while !token.isEmpty
      #expect(seen.count == 7 && Set(seen) == Set(made))
      #expect(Array(seen.prefix(5)) == made.suffix(5).reversed())
    }
  }

  @Test("filters choose by environment and by state")
  func filters() async throws {
    try await APIKeysWorld.run { world in
      let active = try await world.create().key?.keyId ?? ""
      let staging = try await world.create { $0.environment = .staging }.key?.keyId ?? ""
      let disabled = try await world.create().key?.keyId ?? ""
      _ = try await world.update(disabled, ["is_active"])
      let expired =
        try await world.create { $0.expiresAt = .fromNow(seconds: 600) }.key?.keyId ?? ""
      try await world.sql(
        "update integrationd.api_keys set expires_at = now() - interval '1 s' where id = '\(expired)'"
      )
      let revoked = try await world.create().key?.keyId ?? ""
      _ = try await world.revoke(revoked)
      func ids(_ edit: (inout ListApiKeysRequest) -> Void) async throws -> Set<String> {
        Set(try await world.list(edit).keys.map(\.keyId))
      }
      #expect(try await ids { $0.state = .active } == [active, staging])
      #expect(try await ids { $0.state = .disabled } == [disabled])
      #expect(try await ids { $0.state = .expired } == [expired])
      #expect(try await ids { $0.state = .revoked } == [revoked])
      #expect(try await ids { $0.environment = .staging } == [staging])
      #expect(try await ids { $0.environment = .development } == [])
      #expect(
        try await ids {
          $0.environment = .production; $0.state = .active
        } == [active])
      #expect(try await ids { _ in }.count == 5)
      for key in try await world.list().keys {
        let expected: [String: ApiKeyState] = [
          disabled: .disabled, expired: .expired, revoked: .revoked,
        ]
        #expect(key.state == expected[key.keyId] ?? .active)
      }
    }
  }

  @Test("a listing refuses what it does not know, and an unknown tenant is not found")
  func listStatuses() async throws {
    try await APIKeysWorld.run { world in
      #expect(try await world.list().keys.isEmpty)
      await expectViolations(["page_size", "environment", "state"]) {
        try await world.list {
          $0.pageSize = 1001
          $0.environment = .unrecognized(4)
          $0.state = .unrecognized(5)
        }
      }
      await expectStatus(.notFound) {
        try await world.list { $0.tenantId = TenantID(UUID()).description }
      }
      await expectStatus(.notFound) { try await world.list(as: APIKeysWorld.stranger) }
      for _ in 0..<2 { _ = try await world.create() }
      let token = try await world.list { $0.pageSize = 1 }.nextPageToken
      await expectViolations(["page_token"]) {
        try await world.list {
          $0.pageToken = token; $0.state = .active
        }
      }
      await expectViolations(["page_token"]) { try await world.list { $0.pageToken = "x" } }
    }
  }

  // MARK: Update

  @Test("an update changes what its mask names and nothing else")
  func update() async throws {
    try await APIKeysWorld.run { world in
      let before = try #require(
        try await world.create {
          $0.notes = "old"
          $0.expiresAt = .fromNow(seconds: 600)
        }.key)
      let renamed = try await world.update(before.keyId, ["key_name", "key_name"]) {
        $0.keyName = "New"
        $0.notes = "ignored"
      }
      var expected = before
      expected.keyName = "New"
      expected.updatedAt = renamed.updatedAt
      #expect(renamed == expected)
      let later = ProtoTimestamp.fromNow(seconds: 1200)
      let changed = try await world.update(
        before.keyId,
        [
          "is_active", "allowed_endpoints", "allowed_ip_addresses", "rate_limit_per_minute",
          "rate_limit_per_hour", "expires_at", "rotation_frequency_days", "notes",
        ]
      ) {
        $0.isActive = false
        $0.allowedEndpoints = ["GET /**"]
        $0.allowedIpAddresses = ["::/0"]
        $0.rateLimitPerMinute = -1
        $0.expiresAt = later
        $0.rotationFrequencyDays = 1
        $0.notes = "new"
      }
      #expect(changed.state == .disabled && changed.keyName == "New")
      #expect(changed.allowedEndpoints == ["GET /**"] && changed.allowedIpAddresses == ["::/0"])
      #expect(changed.rateLimitPerMinute == -1 && changed.rateLimitPerHour == 1000)
      #expect(changed.expiresAt == later && changed.rotationDueAt != nil && changed.notes == "new")
      let cleared = try await world.update(before.keyId, ["expires_at", "allowed_endpoints"])
      #expect(cleared.expiresAt == nil && cleared.allowedEndpoints.isEmpty)
      #expect(try await world.get(before.keyId) == cleared)
    }
  }

  @Test("an update names everything that is wrong with it")
  func updateViolations() async throws {
    try await APIKeysWorld.run { world in
      let id = try await world.create().key?.keyId ?? ""
      await expectViolations(["update_mask"]) { try await world.update(id, []) }
      await expectViolations(["update_mask.paths[0]", "update_mask.paths[2]", "key.key_name"]) {
        try await world.update(id, ["key_id", "key_name", "keyName"])
      }
      await expectViolations([
        "key.allowed_endpoints[0]", "key.allowed_ip_addresses[0]", "key.rate_limit_per_minute",
        "key.rate_limit_per_hour", "key.expires_at", "key.rotation_frequency_days", "key.notes",
      ]) {
        try await world.update(
          id,
          [
            "allowed_endpoints", "allowed_ip_addresses", "rate_limit_per_minute",
            "rate_limit_per_hour", "expires_at", "rotation_frequency_days", "notes",
          ]
        ) {
          $0.allowedEndpoints = ["x"]
          $0.allowedIpAddresses = ["x"]
          $0.rateLimitPerMinute = -7
          $0.rateLimitPerHour = -7
          $0.expiresAt = ProtoTimestamp(seconds: 1, nanos: 0)
          $0.rotationFrequencyDays = -1
          $0.notes = "a\u{0}b"
        }
      }
      await expectViolations(["key.expires_at"]) {
        try await world.update(id, ["expires_at"]) { $0.expiresAt = .fromNow(seconds: -5) }
      }
    }
  }

  @Test("a revoked key cannot be changed, and a missing one is not found")
  func updateStatuses() async throws {
    try await APIKeysWorld.run { world in
      let id = try await world.create().key?.keyId ?? ""
      let other = TenantID(UUID())
      try await world.makeTenant(other)
      await expectStatus(.notFound) {
        try await world.update(TenantID(UUID()).description, ["notes"])
      }
      await expectStatus(.notFound) { try await world.update(id, ["notes"], tenant: other) }
      await expectStatus(.notFound) {
        try await world.update(id, ["notes"], as: APIKeysWorld.stranger)
      }
      let changed = try await world.update(id, ["notes"], idempotencyKey: "u") { $0.notes = "n" }
      let again = try await world.update(id, ["notes"], idempotencyKey: "u") { $0.notes = "n" }
      #expect(changed == again)
      let reused = await expectStatus(.failedPrecondition) {
        try await world.update(id, ["notes"], idempotencyKey: "u") { $0.notes = "m" }
      }
      #expect(reused?.reason == "IDEMPOTENCY_KEY_REUSED")
      _ = try await world.revoke(id)
      let error = await expectStatus(.failedPrecondition) { try await world.update(id, ["notes"]) }
      #expect(error?.reason == "API_KEY_REVOKED")
    }
  }

  // MARK: Revoke

  @Test("revoking ends a key and its secrets for good; doing it twice changes nothing")
  func revoke() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create { $0.withApiSecret = true }
      let id = created.key?.keyId ?? ""
      let rotated = try await world.rotate(id, grace: ProtoDuration(seconds: 60, nanos: 0))
      let revoked = try await world.revoke(id)
      #expect(revoked.state == .revoked && revoked.revokedAt != nil && revoked.secrets.isEmpty)
      #expect(try await world.revoke(id) == revoked)
      for key in [created.apiKey, rotated.apiKey] {
        let answer = try await world.verify(key)
        #expect(answer.code == .revoked && !answer.allowed && answer.keyId == id)
      }
      let rows = try await world.store.execute(
        "select count(api_secret) as kept from integrationd.api_key_secrets")
      #expect(try rows.first?.int("kept") == 0)
    }
  }

  @Test("a missing key cannot be revoked, and an idempotency key is good for one request")
  func revokeStatuses() async throws {
    try await APIKeysWorld.run { world in
      let id = try await world.create().key?.keyId ?? ""
      let second = try await world.create().key?.keyId ?? ""
      let other = TenantID(UUID())
      try await world.makeTenant(other)
      await expectStatus(.notFound) { try await world.revoke(TenantID(UUID()).description) }
      await expectStatus(.notFound) { try await world.revoke(id, tenant: other) }
      await expectStatus(.notFound) { try await world.revoke(id, as: APIKeysWorld.stranger) }
      await expectViolations(["key_id"]) { try await world.revoke("7") }
      let first = try await world.revoke(id, idempotencyKey: "r")
      #expect(try await world.revoke(id, idempotencyKey: "r") == first)
      let error = await expectStatus(.failedPrecondition) {
        try await world.revoke(second, idempotencyKey: "r")
      }
      #expect(error?.reason == "IDEMPOTENCY_KEY_REUSED")
      #expect(try await world.get(second).state == .active)
    }
  }

  @Test("a suspended tenant's keys can still be read, changed and revoked")
  func suspended() async throws {
    try await APIKeysWorld.run { world in
      let id = try await world.create().key?.keyId ?? ""
      try await world.suspendTenant()
      #expect(try await world.get(id).state == .active)
      #expect(try await world.update(id, ["notes"]) { $0.notes = "x" }.notes == "x")
      #expect(try await world.revoke(id).state == .revoked)
    }
  }
}
