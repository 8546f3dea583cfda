import FoundationEssentials
import IntegrationAPI
import Integrations
import ProtobufC
import Signing
import TTRPC
import Testing

@Suite("Webhooks: rotation")
struct WebhookRotationTests {
  @Test("the old secret signs too for the overlap, 24 hours unless told")
  func overlap() async throws {
    try await WebhooksWorld.run { world in
      let created = try await world.create()
      let id = created.webhook?.webhookId ?? ""
      let rotated = try await world.rotate(id)
      let secrets = try #require(rotated.webhook?.secrets)
      #expect(rotated.signingSecret.hasPrefix("whsec_"))
      #expect(rotated.signingSecret != created.signingSecret)
      #expect(secrets.map(\.version) == [2, 1])
      #expect(secrets[0].lastFour == String(rotated.signingSecret.suffix(4)))
      #expect(secrets[0].expiresAt == nil)
      let (begin, end) = (try #require(secrets[0].createdAt), try #require(secrets[1].expiresAt))
      #expect(end.seconds - begin.seconds == 86_400 && end.nanos == begin.nanos)
      let third = try await world.rotate(id, overlap: .seconds(60))
      let ends = try #require(third.webhook?.secrets.map(\.expiresAt))
      #expect(third.webhook?.secrets.map(\.version) == [3, 2, 1])
      // The shorter overlap holds for all old ones.
      #expect(ends[0] == nil && ends[1] == ends[2])
      let longer = try await world.rotate(id, overlap: .seconds(604_800))
      #expect(longer.webhook?.secrets[3].expiresAt == ends[2])
    }
  }

  @Test("an overlap of 0 ends the old secrets at once")
  func none() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      try await world.rotate(id)
      let rotated = try await world.rotate(id, overlap: .seconds(0))
      #expect(rotated.webhook?.secrets.map(\.version) == [3])
      #expect(try await world.get(id).secrets.map(\.version) == [3])
    }
  }

  @Test("at most 10 secrets live")
  func full() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      for _ in 1..<WebhooksService.maxLiveSecrets { try await world.rotate(id) }
      let error = await expectStatus(.failedPrecondition) { try await world.rotate(id) }
      #expect(error?.reason == "WEBHOOK_SECRETS_FULL")
      #expect(try await world.get(id).secrets.count == 10)
      let fresh = try await world.rotate(id, overlap: .seconds(0))
      #expect(fresh.webhook?.secrets.map(\.version) == [11])
    }
  }

  @Test("a secret of one's own has to fit the profile and be new, and is not answered")
  func own() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      let secret = SigningSecret.generateSymmetric().text.reveal()
      let rotated = try await world.rotate(id, secret: secret)
      #expect(rotated.signingSecret.isEmpty)
      #expect(rotated.webhook?.secrets.first?.lastFour == String(secret.suffix(4)))
      await expectViolations(["signing_secret"]) { try await world.rotate(id, secret: secret) }
      let pair = SigningSecret.generateEd25519().text.reveal()
      await expectViolations(["signing_secret"]) { try await world.rotate(id, secret: pair) }
      await expectViolations(["signing_secret"]) { try await world.rotate(id, secret: "whsec_") }
      try await world.update(
        id, ["auth"], auth: WebhookAuth(signatureProfile: .standardAsymmetric))
      let asymmetric = try await world.rotate(id)
      #expect(asymmetric.signingSecret.hasPrefix("whsk_"))
      #expect(asymmetric.webhook?.secrets.allSatisfy { $0.publicKey.hasPrefix("whpk_") } == true)
    }
  }

  @Test("an overlap is from 0 to 7 days")
  func bounds() async throws {
    try await WebhooksWorld.withoutDatabase { world in
      for overlap in [
        ProtoDuration.seconds(604_800, nanos: 1), .seconds(-1), .seconds(0, nanos: -1),
        .seconds(0, nanos: 1_000_000_000), .seconds(.max),
      ] {
        await expectViolations(["overlap"]) {
          try await world.rotate(UUID().text, overlap: overlap)
        }
      }
      await expectViolations(["webhook_id", "idempotency_key"]) {
        try await world.rotate("", key: "ä")
      }
    }
  }

  @Test("only a webhook that signs can be rotated, and a repeat gets the same secret")
  func statuses() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      let other = TenantID(UUID())
      try await world.makeTenant(other)
      await expectStatus(.notFound) { try await world.rotate(UUID().text) }
      await expectStatus(.notFound) { try await world.rotate(id, tenant: other) }
      await expectStatus(.notFound) { try await world.rotate(id, as: WebhooksWorld.stranger) }
      let first = try await world.rotate(id, key: "r")
      #expect(try await world.rotate(id, key: "r") == first)
      #expect(try await world.get(id).secrets.count == 2)
      let reused = await expectStatus(.failedPrecondition) {
        try await world.rotate(id, overlap: .seconds(1), key: "r")
      }
      #expect(reused?.reason == "IDEMPOTENCY_KEY_REUSED")
      try await world.update(
        id, ["auth"], auth: WebhookAuth(authType: .bearer, token: "t"))
      let error = await expectStatus(.failedPrecondition) { try await world.rotate(id) }
      #expect(error?.reason == "WEBHOOK_DOES_NOT_SIGN")
    }
  }
}
