import FoundationEssentials
import IntegrationAPI
import Integrations
import KeyRules
import ProtobufC
import Testing

@Suite("API keys: rotation")
struct APIKeysRotationTests {
  private func minutes(_ count: Int64) -> ProtoDuration {
    ProtoDuration(seconds: count * 60, nanos: 0)
  }

  @Test("without a grace period the old secret ends at once")
  func noGrace() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create()
      let id = created.key?.keyId ?? ""
      let rotated = try await world.rotate(id)
      let key = try #require(rotated.key)
      #expect(key.keyId == id && rotated.apiKey != created.apiKey)
      #expect(key.secrets.map(\.version) == [2] && key.lastRotatedAt != nil)
      #expect(rotated.apiSecret.isEmpty)
      #expect(try await world.verify(created.apiKey).code == .expired)
      let answer = try await world.verify(rotated.apiKey)
      #expect(answer.allowed && answer.secretVersion == 2 && !answer.successorExists)
      // Zero is as good as nothing.
      let again = try await world.rotate(id, grace: ProtoDuration())
      #expect(again.key?.secrets.map(\.version) == [3])
      #expect(try await world.verify(rotated.apiKey).code == .expired)
    }
  }

  @Test("during the grace period both secrets verify, and the old one says there is a newer")
  func grace() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create { $0.environment = .development }
      let id = created.key?.keyId ?? ""
      let rotated = try await world.rotate(id, grace: minutes(10))
      let secrets = try #require(rotated.key?.secrets)
      #expect(rotated.apiKey.hasPrefix("sk_dev_"))
      #expect(secrets.map(\.version) == [2, 1])
      #expect(secrets[0].expiresAt == nil)
      let end = try #require(secrets[1].expiresAt)
      let rotatedAt = try #require(rotated.key?.lastRotatedAt)
      #expect(end.seconds - rotatedAt.seconds == 600)
      let old = try await world.verify(created.apiKey) { $0.environment = .development }
      #expect(old.allowed && old.secretVersion == 1 && old.successorExists)
      #expect(old.expiresAt == end)
      let new = try await world.verify(rotated.apiKey) { $0.environment = .development }
      #expect(new.allowed && new.secretVersion == 2 && new.expiresAt == nil)
      // One set of limits: the second verification sees the first.
      #expect(old.windows.map(\.remaining) == [59, 999])
      #expect(new.windows.map(\.remaining) == [58, 998])
    }
  }

  @Test("when the grace period is over the old secret is expired")
  func graceEnds() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create()
      let id = created.key?.keyId ?? ""
      let rotated = try await world.rotate(id, grace: minutes(10))
      try await world.sql(
        """
        update integrationd.api_key_secrets set expires_at = now() - interval '1 microsecond'
        where version = 1
        """)
      #expect(try await world.verify(created.apiKey).code == .expired)
      #expect(try await world.verify(rotated.apiKey).code == .allowed)
      #expect(try await world.get(id).secrets.map(\.version) == [2])
    }
  }

  @Test("at most two secrets live: a further rotation ends the one before the old one")
  func twoAtMost() async throws {
    try await APIKeysWorld.run { world in
      let first = try await world.create { $0.withApiSecret = true }
      let id = first.key?.keyId ?? ""
      let second = try await world.rotate(id, grace: minutes(43_200))
      let third = try await world.rotate(id, grace: minutes(1))
      #expect(third.key?.secrets.map(\.version) == [3, 2])
      #expect(try await world.verify(first.apiKey).code == .expired)
      #expect(try await world.verify(second.apiKey).code == .allowed)
      #expect(try await world.verify(third.apiKey).code == .allowed)
      // What ended keeps no signing secret.
      let rows = try await world.store.execute(
        """
        select string_agg(version::text, ',' order by version) as versions
        from integrationd.api_key_secrets where api_secret is not null
        """)
      #expect(try rows.first?.text("versions") == "2,3")
    }
  }

  @Test("the expiry told is the sooner of the key's and the secret's")
  func soonerExpiry() async throws {
    try await APIKeysWorld.run { world in
      let soon = ProtoTimestamp.fromNow(seconds: 60)
      let created = try await world.create { $0.expiresAt = soon }
      _ = try await world.rotate(created.key?.keyId ?? "", grace: minutes(60))
      #expect(try await world.verify(created.apiKey).expiresAt == soon)
    }
  }

  @Test("each secret comes with a signing secret of its own")
  func signing() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create { $0.withApiSecret = true }
      let rotated = try await world.rotate(created.key?.keyId ?? "", grace: minutes(5))
      #expect(rotated.apiSecret.hasPrefix("ss_") && rotated.apiSecret != created.apiSecret)
      let payload = Array("body".utf8)
      func code(_ key: String, _ secret: String) async throws -> VerificationCode {
        let bytes = Array(secret.utf8)
        let signature = RequestSignature.sign(payload, with: Secret(copying: bytes.span))
        return try await world.verify(key) {
          $0.signedPayload = payload
          $0.signature = signature
        }.code
      }
      #expect(try await code(created.apiKey, created.apiSecret) == .allowed)
      #expect(try await code(rotated.apiKey, rotated.apiSecret) == .allowed)
      #expect(try await code(rotated.apiKey, created.apiSecret) == .signatureInvalid)
    }
  }

  @Test("a rotation that is repeated gives the same secret and rotates once")
  func idempotent() async throws {
    try await APIKeysWorld.run { world in
      let id = try await world.create().key?.keyId ?? ""
      let first = try await world.rotate(id, idempotencyKey: "rot")
      #expect(try await world.rotate(id, idempotencyKey: "rot") == first)
      #expect(try await world.get(id).secrets.map(\.version) == [2])
      let error = await expectStatus(.failedPrecondition) {
        try await world.rotate(id, grace: minutes(1), idempotencyKey: "rot")
      }
      #expect(error?.reason == "IDEMPOTENCY_KEY_REUSED")
    }
  }

  @Test("rotations at once make one version each")
  func concurrent() async throws {
    try await APIKeysWorld.run { world in
      let id = try await world.create().key?.keyId ?? ""
      let versions = try await withThrowingTaskGroup(of: Int32.self) { group in
        for _ in 0..<8 {
          group.addTask { try await world.rotate(id).key?.secrets.first?.version ?? 0 }
        }
        return try await group.reduce(into: [Int32]()) { $0.append($1) }
      }
      #expect(versions.sorted() == Array(2...9))
    }
  }

  @Test("a grace period is from 0 to 30 days")
  func graceBounds() async throws {
    try await APIKeysWorld.run { world in
      let id = try await world.create().key?.keyId ?? ""
      for grace in [
        ProtoDuration(seconds: 30 * 86_400, nanos: 1), ProtoDuration(seconds: -1, nanos: 0),
        ProtoDuration(seconds: 0, nanos: -1), ProtoDuration(seconds: 0, nanos: 1_000_000_000),
        ProtoDuration(seconds: .max, nanos: 0), ProtoDuration(seconds: 1, nanos: -1),
      ] {
        await expectViolations(["grace_period"]) { try await world.rotate(id, grace: grace) }
      }
      _ = try await world.rotate(id, grace: ProtoDuration(seconds: 30 * 86_400, nanos: 0))
    }
  }

  @Test("only an active key of an active tenant can be rotated")
  func statuses() async throws {
    try await APIKeysWorld.run { world in
      let id = try await world.create().key?.keyId ?? ""
      let other = TenantID(UUID())
      try await world.makeTenant(other)
      await expectStatus(.notFound) { try await world.rotate(TenantID(UUID()).description) }
      await expectStatus(.notFound) { try await world.rotate(id, tenant: other) }
      await expectStatus(.notFound) { try await world.rotate(id, as: APIKeysWorld.stranger) }
      await expectViolations(["key_id"]) { try await world.rotate("") }
      _ = try await world.update(id, ["is_active"])
      let disabled = await expectStatus(.failedPrecondition) { try await world.rotate(id) }
      #expect(disabled?.reason == "API_KEY_DISABLED")
      _ = try await world.update(id, ["is_active"]) { $0.isActive = true }
      try await world.sql("update integrationd.api_keys set expires_at = now()")
      let expired = await expectStatus(.failedPrecondition) { try await world.rotate(id) }
      #expect(expired?.reason == "API_KEY_EXPIRED")
      _ = try await world.update(id, ["expires_at"])
      try await world.suspendTenant()
      let suspended = await expectStatus(.failedPrecondition) { try await world.rotate(id) }
      #expect(suspended?.reason == "TENANT_SUSPENDED")
      _ = try await world.revoke(id)
      try await world.sql(
        """
        update integrationd.tenants
        set state = 'active', suspended_at = null, suspension_reason = ''
        """)
      let revoked = await expectStatus(.failedPrecondition) { try await world.rotate(id) }
      #expect(revoked?.reason == "API_KEY_REVOKED")
    }
  }
}
