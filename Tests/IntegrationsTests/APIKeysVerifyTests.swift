import Crypto
import FoundationEssentials
import IntegrationAPI
import Integrations
import KeyRules
import ProtobufC
import Testing

@Suite("API keys: verification")
struct APIKeysVerifyTests {
  private func signature(_ payload: [UInt8], _ secret: String) -> [UInt8] {
    let bytes = Array(secret.utf8)
    return RequestSignature.sign(payload, with: Secret(copying: bytes.span))
  }

  @Test("an allowed verification says whose key it is and what its limits are")
  func allowed() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create()
      let answer = try await world.verify(created.apiKey) {
        $0.tenantId = world.tenant.description
        $0.cost = 5
      }
      #expect(answer.allowed && answer.code == .allowed)
      #expect(answer.tenantId == world.tenant.description)
      #expect(answer.keyId == created.key?.keyId && answer.keyName == "Gateway")
      #expect(answer.environment == .production && answer.secretVersion == 1)
      #expect(answer.expiresAt == nil && !answer.successorExists && answer.retryAfter == nil)
      #expect(answer.windows.map(\.name) == ["minute", "hour"])
      #expect(answer.windows.map(\.limit) == [60, 1000])
      #expect(answer.windows.map(\.remaining) == [55, 995])
      let resets = answer.windows.compactMap(\.resetAt?.seconds)
      #expect(resets.count == 2 && resets[0] % 60 == 0 && resets[1] % 3600 == 0)
    }
  }

  @Test("the first check that fails decides, in the documented order")
  func order() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create {
        $0.environment = .staging
        $0.withApiSecret = true
        $0.allowedIpAddresses = ["192.0.2.0/24"]
        $0.allowedEndpoints = ["GET /v1/**"]
        $0.rateLimitPerMinute = 10
        $0.rateLimitPerHour = 15
      }
      let id = created.key?.keyId ?? ""
      let other = TenantID(UUID())
      try await world.makeTenant(other)
      try await world.sql(
        """
        update integrationd.api_keys
        set revoked_at = now(), is_active = false, expires_at = now();
        update integrationd.api_key_secrets set expires_at = now();
        """)
      try await world.suspendTenant()
      var question = VerifyApiKeyRequest()
      question.apiKey = created.apiKey + "x"
      question.tenantId = other.description
      question.signedPayload = [1, 2, 3]
      question.signature = Array(repeating: 0, count: 32)
      question.cost = 11

      func expect(
        _ code: VerificationCode, sourceLocation: SourceLocation = #_sourceLocation
      ) async throws {
        let asked = question
        let answer = try await world.verify(asked.apiKey) { $0 = asked }
        #expect(answer.code == code, sourceLocation: sourceLocation)
        #expect(answer.allowed == (code == .allowed), sourceLocation: sourceLocation)
        let isKnown = code != .malformed && code != .notFound
        #expect(answer.keyId == (isKnown ? id : ""), sourceLocation: sourceLocation)
        #expect(answer.tenantId.isEmpty == !isKnown, sourceLocation: sourceLocation)
        let reachedLimits: Set<VerificationCode> = [
          .allowed, .rateLimitedMinute, .rateLimitedHour, .costExceedsLimit,
        ]
        #expect(
          answer.windows.isEmpty == !reachedLimits.contains(code), sourceLocation: sourceLocation)
      }

      try await expect(.malformed)
      question.apiKey = created.apiKey
      try await expect(.notFound)
      question.tenantId = world.tenant.description
      try await expect(.wrongEnvironment)
      question.environment = .staging
      try await expect(.revoked)
      try await world.sql("update integrationd.api_keys set revoked_at = null")
      try await expect(.disabled)
      try await world.sql("update integrationd.api_keys set is_active = true")
      try await expect(.tenantSuspended)
      try await world.sql(
        """
        update integrationd.tenants
        set state = 'active', suspended_at = null, suspension_reason = ''
        """)
      try await expect(.expired)
      try await world.sql("update integrationd.api_keys set expires_at = null")
      try await expect(.expired)
      try await world.sql("update integrationd.api_key_secrets set expires_at = null")
      try await expect(.signatureInvalid)
      question.signature = signature([1, 2, 3], created.apiSecret)
      try await expect(.ipRequired)
      question.ipAddress = "198.51.100.1"
      try await expect(.ipNotAllowed)
      question.ipAddress = "::ffff:192.0.2.77"
      try await expect(.endpointRequired)
      question.endpoint = "GET /v1/%2e%2e/admin"
      try await expect(.endpointNotAllowed)
      question.endpoint = "GET /v1/students"
      try await expect(.costExceedsLimit)
      question.cost = 8
      try await expect(.allowed)
      try await expect(.rateLimitedMinute)
      _ = try await world.update(id, ["rate_limit_per_minute"]) { $0.rateLimitPerMinute = 100 }
      try await expect(.rateLimitedHour)
      question.cost = 7
      try await expect(.allowed)
    }
  }

  @Test("what is no key of ours is malformed, and a well-formed stranger is not found")
  func strangers() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create { $0.withApiSecret = true }
      for text in [
        "", "x", "sk_live_", created.apiSecret, created.apiKey + " ", " " + created.apiKey,
        created.apiKey.uppercased(), String(repeating: "k", count: 512),
      ] {
        #expect(try await world.verify(text).code == .malformed)
      }
      let unknown = Token.generate(.apiKey(.production)).secret.reveal()
      #expect(try await world.verify(unknown).code == .notFound)
      let answer = try await world.verify(created.apiKey, as: APIKeysWorld.stranger)
      #expect(answer == VerifyApiKeyResponse(code: .notFound))
      let wrongTenant = try await world.verify(created.apiKey) {
        $0.tenantId = TenantID(UUID()).description
      }
      #expect(wrongTenant == VerifyApiKeyResponse(code: .notFound))
    }
  }

  @Test("a malformed question is refused, with everything that is wrong")
  func violations() async throws {
    try await APIKeysWorld.run { world in
      await expectViolations([
        "api_key", "environment", "tenant_id", "ip_address", "endpoint", "cost", "signed_payload",
        "signature",
      ]) {
        try await world.verify(String(repeating: "k", count: 513)) {
          $0.environment = .unrecognized(8)
          $0.tenantId = "x"
          $0.ipAddress = "10.0.0.01"
          $0.endpoint = String(repeating: "e", count: 2001)
          $0.cost = 1_000_001
          $0.signedPayload = Array(repeating: 0, count: 65_537)
          $0.signature = [1]
        }
      }
      await expectViolations(["cost"]) { try await world.verify("x") { $0.cost = -1 } }
      let answer = try await world.verify("x") {
        $0.endpoint = String(repeating: "é", count: 2000)
        $0.cost = 1_000_000
        $0.signedPayload = Array(repeating: 0, count: 65_536)
        $0.signature = Array(repeating: 0, count: 32)
        $0.ipAddress = "2001:db8::1"
      }
      #expect(answer.code == .malformed)
    }
  }

  @Test("a signature is checked only when presented, and a key without signing secret has none")
  func signatures() async throws {
    try await APIKeysWorld.run { world in
      let plain = try await world.create()
      let signing = try await world.create { $0.withApiSecret = true }
      let payload = Array("POST /v1/fees".utf8)
      #expect(try await world.verify(signing.apiKey) { $0.signedPayload = payload }.allowed)
      let good = signature(payload, signing.apiSecret)
      #expect(
        try await world.verify(signing.apiKey) {
          $0.signedPayload = payload; $0.signature = good
        }
        .allowed)
      #expect(
        try await world.verify(signing.apiKey) { $0.signature = good }.code == .signatureInvalid)
      #expect(
        try await world.verify(plain.apiKey) {
          $0.signedPayload = payload; $0.signature = good
        }
        .code == .signatureInvalid)
      // An empty payload can be signed too.
      let empty = signature([], signing.apiSecret)
      #expect(try await world.verify(signing.apiKey) { $0.signature = empty }.allowed)
    }
  }

  @Test("a signing secret moved to another key does not open")
  func movedSecret() async throws {
    try await APIKeysWorld.run { world in
      let one = try await world.create { $0.withApiSecret = true }
      let two = try await world.create { $0.withApiSecret = true }
      try await world.sql(
        """
        update integrationd.api_key_secrets as s set api_secret = o.api_secret
        from integrationd.api_key_secrets as o
        where s.key_id = '\(two.key?.keyId ?? "")' and o.key_id = '\(one.key?.keyId ?? "")'
        """)
      let signature = signature([1], one.apiSecret)
      await expectStatus(.internal) {
        try await world.verify(two.apiKey) {
          $0.signedPayload = [1]; $0.signature = signature
        }
      }
    }
  }

  @Test("a change is obeyed by the next verification, on every daemon")
  func immediacy() async throws {
    try await APIKeysWorld.run(daemons: 2) { world in
      let created = try await world.create { $0.allowedEndpoints = ["GET /a"] }
      let id = created.key?.keyId ?? ""
      func codes(_ endpoint: String) async throws -> [VerificationCode] {
        var codes: [VerificationCode] = []
        for daemon in world.daemons {
          codes.append(
            try await world.verify(created.apiKey, on: daemon) { $0.endpoint = endpoint }.code)
        }
        return codes
      }
      #expect(try await codes("GET /b") == [.endpointNotAllowed, .endpointNotAllowed])
      _ = try await world.update(id, ["allowed_endpoints"]) { $0.allowedEndpoints = ["GET /b"] }
      #expect(try await codes("GET /b") == [.allowed, .allowed])
      #expect(try await codes("GET /a") == [.endpointNotAllowed, .endpointNotAllowed])
      _ = try await world.update(id, ["is_active"])
      #expect(try await codes("GET /b") == [.disabled, .disabled])
      _ = try await world.update(id, ["is_active"]) { $0.isActive = true }
      #expect(try await codes("GET /b") == [.allowed, .allowed])
      _ = try await world.revoke(id)
      #expect(try await codes("GET /b") == [.revoked, .revoked])
    }
  }

  @Test("a stored restriction that cannot be read admits nothing")
  func unreadableRestriction() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create {
        $0.allowedIpAddresses = ["::1"]
        $0.allowedEndpoints = ["GET /a"]
      }
      try await world.sql("update integrationd.api_keys set allowed_ip_addresses = '{10.0.0.1/8}'")
      func code() async throws -> VerificationCode {
        try await world.verify(created.apiKey) {
          $0.ipAddress = "10.0.0.1"; $0.endpoint = "GET /a"
        }
        .code
      }
      #expect(try await code() == .ipNotAllowed)
      try await world.sql(
        "update integrationd.api_keys set allowed_ip_addresses = '{}', allowed_endpoints = '{nonsense}'"
      )
      #expect(try await code() == .endpointNotAllowed)
    }
  }

  @Test("a digest moves to the newest pepper when its key verifies")
  func pepperRotation() async throws {
    let (one, two) = (SymmetricKey(size: .bits256), SymmetricKey(size: .bits256))
    let box = MasterKey.generate(.keyEncryption, version: 1)
    func pepper(_ version: Int32, _ key: SymmetricKey) -> MasterKey {
      MasterKey(purpose: .pepper, version: version, key: key)
    }
    let old = try Keyring([pepper(1, one), box])
    let both = try Keyring([pepper(2, two), pepper(1, one), box])
    let new = try Keyring([pepper(2, two), box])
    try await APIKeysWorld.run(daemons: 3, keyrings: [old, both, new]) { world in
      let created = try await world.create()
      func version() async throws -> Int? {
        try await world.store.execute(
          "select pepper_version from integrationd.api_key_secrets"
        ).first?.int("pepper_version")
      }
      #expect(try await world.verify(created.apiKey, on: world.daemons[2]).code == .notFound)
      #expect(try await world.verify(created.apiKey, on: world.daemons[0]).code == .allowed)
      #expect(try await version() == 1)
      _ = try await world.verify(created.apiKey, on: world.daemons[1]) { $0.peek = true }
      #expect(try await version() == 1)
      #expect(try await world.verify(created.apiKey, on: world.daemons[1]).code == .allowed)
      #expect(try await version() == 2)
      #expect(try await world.verify(created.apiKey, on: world.daemons[1]).code == .allowed)
      #expect(try await world.verify(created.apiKey, on: world.daemons[2]).code == .allowed)
    }
  }

  @Test("while a new pepper spreads, every daemon verifies what every other one stored")
  func pepperRollOut() async throws {
    let keys = [
      MasterKey.generate(.pepper, version: 1), .generate(.pepper, version: 2),
      .generate(.keyEncryption, version: 1), .generate(.keyEncryption, version: 2),
    ]
    let added = try Keyring(keys, primary: [.pepper: 1, .keyEncryption: 1])
    let promoted = try Keyring(keys, primary: [.pepper: 2, .keyEncryption: 2])
    for rings in [[try Keyring([keys[0], keys[2]]), added], [added, promoted]] {
      try await APIKeysWorld.run(daemons: 2, keyrings: rings) { world in
        var made: [CreateApiKeyResponse] = []
        for daemon in world.daemons {
          var request = CreateApiKeyRequest()
          request.tenantId = world.tenant.description
          request.keyName = "Gateway"
          request.withApiSecret = true
          request.idempotencyKey = "k-\(made.count)"
          let call = world.call("CreateApiKey", on: daemon)
          made.append(try await daemon.keys.createApiKey(request, call))
          for other in world.daemons {
            // Also what it keeps encrypted.
            #expect(try await other.keys.createApiKey(request, call) == made.last)
          }
        }
        for daemon in world.daemons + world.daemons.reversed() {
          for key in made {
            #expect(try await world.verify(key.apiKey, on: daemon).code == .allowed)
          }
        }
      }
    }
  }

  @Test("a key without limits is told no windows and charges nothing")
  func unlimited() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create {
        $0.rateLimitPerMinute = -1
        $0.rateLimitPerHour = -1
      }
      let answer = try await world.verify(created.apiKey) { $0.cost = 1_000_000 }
      #expect(answer.allowed && answer.windows.isEmpty)
      let rows = try await world.store.execute(
        "select minute_used from integrationd.api_key_limits")
      #expect(try rows.first?.int("minute_used") == 0)
      let half = try await world.create { $0.rateLimitPerMinute = -1 }
      #expect(try await world.verify(half.apiKey).windows.map(\.name) == ["hour"])
    }
  }

  @Test("without a database a verification ends as unavailable, and recovers by itself")
  func outage() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create()
      #expect(try await world.verify(created.apiKey).allowed)
      try await world.store.terminateBackends()
      var codes: [VerificationCode] = []
      while codes.isEmpty {
        do {
          codes.append(try await world.verify(created.apiKey).code)
        } catch {
          await expectStatus(.unavailable) { () async throws -> Void in throw error }
        }
      }
      #expect(codes == [.allowed])
    }
  }
}
