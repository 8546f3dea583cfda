import FoundationEssentials
import IntegrationAPI
import Integrations
import KeyRules
import NetworkAddress
import ProtobufC
import Signing
import Testing

@Suite("Webhooks: what it takes to deliver")
struct WebhookTargetsTests {
  @Test("settings come as they are stored, decrypted, for several tenants at once")
  func settings() async throws {
    try await WebhooksWorld.run { world in
      let basic = try await world.create {
        $0.auth = WebhookAuth(authType: .basic, username: "Aladdin", password: "open sesame")
        $0.httpMethod = "PUT"
        $0.timeout = .seconds(7)
        $0.customHeaders = [WebhookHeader(name: "X-Token", value: "secret")]
        $0.maxRetries = 2
        $0.retryDelay = .seconds(5)
        $0.retryPolicy = WebhookRetryPolicy(
          jitterPercent: 10,
          statusRules: [WebhookStatusRule(firstStatus: 404, lastStatus: 404, action: .fail)])
      }
      let target = try await world.target(basic.webhook?.webhookId ?? "")
      #expect(target.url.description == "https://ledger.example/hooks")
      #expect(target.method == "PUT" && target.timeout == .seconds(7))
      #expect(target.headers.map(\.value) == ["secret"])
      #expect(target.policy.schedule.delays == [.seconds(5), .seconds(5)])
      #expect(target.policy.jitterPercent == 10 && target.policy.statusRules.rules.count == 1)
      #expect(target.validUntil == nil && target.revision == 1)
      guard case .authorization(let value) = target.authentication else {
        Issue.record("not basic")
        return
      }
      // RFC 7617 §2.
      #expect(value == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
      #expect(!"\(target)".contains("secret"))
      let bearer = try await world.create {
        $0.auth = WebhookAuth(authType: .bearer, token: "mF_9.B5f-4.1JqM")
      }
      let bare = try await world.create { $0.auth = WebhookAuth(authType: .none) }
      let lanes = try [bearer, bare].map { try world.lane($0.webhook?.webhookId ?? "") }
      let found = try await world.daemon.targets().targets(
        of: lanes + [try world.lane(UUID().text)], deadline: .within(.seconds(60)))
      let targets = try found.map { try $0.get() }
      #expect(Set(targets.map(\.lane)) == Set(lanes) && targets.count == 2)
      for target in targets {
        switch target.authentication {
        case .authorization(let value): #expect(value == "Bearer mF_9.B5f-4.1JqM")
        case .none: #expect(target.lane == lanes[1])
        case .signature: Issue.record("neither signs")
        }
      }
      #expect(
        try await world.daemon.targets().targets(of: [], deadline: .within(.seconds(60))).isEmpty)
    }
  }

  @Test(
    "retry policies are what their presets say",
    arguments: [
      (WebhookRetryPreset.unspecified, 3, 0), (.standard, 9, 20), (.fast, 4, 20), (.custom, 1, 0),
    ])
  func policies(preset: WebhookRetryPreset, retries: Int, jitter: Int) async throws {
    try await WebhooksWorld.run { world in
      let id =
        try await world.create {
          $0.retryPolicy = WebhookRetryPolicy(
            preset: preset, delays: preset == .custom ? [.seconds(2)] : [])
        }.webhook?.webhookId ?? ""
      let policy = try await world.target(id).policy
      #expect(policy.schedule.delays.count == retries && policy.jitterPercent == jitter)
      try await world.update(id, ["retry_enabled"])
      #expect(try await world.target(id).policy.attempts == 1)
    }
  }

  @Test("every live secret signs, and the target holds until the first of them stops")
  func secrets() async throws {
    try await WebhooksWorld.run { world in
      let created = try await world.create()
      let id = created.webhook?.webhookId ?? ""
      let rotated = try await world.rotate(id, overlap: .seconds(3600))
      let both = try await world.target(id)
      #expect(
        both.validUntil?.timestamp == rotated.webhook?.secrets.last?.expiresAt)
      #expect(try signatures(both).count == 2)
      let old = try WebhookSigner(
        profile: .standard, secrets: [SigningSecret(created.signingSecret)])
      let oldSignature = try #require(try signatures(old).first)
      #expect(try signatures(both).contains(oldSignature))
      try await world.rotate(id, overlap: .seconds(0))
      let one = try await world.target(id)
      #expect(try signatures(one).count == 1 && one.validUntil == nil)
      #expect(one.revision == 3)
    }
  }

  private func signatures(_ target: WebhookTarget) throws -> [Substring] {
    guard case .signature(let signer) = target.authentication else {
      Issue.record("it does not sign")
      return []
    }
    return try signatures(signer)
  }

  private func signatures(_ signer: WebhookSigner) throws -> [Substring] {
    let message = try WebhookMessage(id: "m", timestampUnixSeconds: 1, body: [])
    let header = try signer.headers(for: message).last
    return (header?.value ?? "")[...].split(separator: " ")
  }

  @Test("a deleted webhook has no target")
  func deleted() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      let lane = try world.lane(id)
      try await world.delete(id)
      let found = try await world.daemon.targets().targets(
        of: [lane], deadline: .within(.seconds(60)))
      #expect(found.isEmpty)
    }
  }

  @Test("credentials open for their row and revision only, and a failure is logged once for each")
  func swapped() async throws {
    try await WebhooksWorld.run { world in
      let first = try await world.create().webhook?.webhookId ?? ""
      let second = try await world.create().webhook?.webhookId ?? ""
      let targets = world.daemon.targets()
      let lanes = try [first, second].map(world.lane)
      func reasons() async throws -> [WebhookTargetFailure.Reason?] {
        let found = try await targets.targets(of: lanes, deadline: .within(.seconds(60)))
        return found.map { result in
          if case .failure(let failure) = result { failure.reason } else { nil }
        }
      }
      #expect(try await reasons() == [nil, nil])
      // The envelopes change places.
      try await world.sql(
        """
        update integrationd.webhooks as w
        set auth_credentials = o.auth_credentials
        from integrationd.webhooks as o
        where o.id <> w.id
        """)
      let refused = WebhookTargetFailure.Reason.credentials(.envelope(.refused))
      #expect(try await reasons() == [refused, refused])
      #expect(try await reasons() == [refused, refused])
      #expect(world.daemon.log.errors.count == 2)
      await expectStatus(.internal) { try await world.get(first) }
      // An old envelope under a new revision.
      try await world.sql("update integrationd.webhooks set revision = revision + 1")
      #expect(try await reasons() == [refused, refused])
      #expect(world.daemon.log.errors.count == 4)
      try await world.sql("update integrationd.webhooks set auth_credentials = '\\x00'")
      let malformed = WebhookTargetFailure.Reason.credentials(.envelope(.malformed))
      #expect(try await reasons() == [malformed, malformed])
      #expect(world.daemon.log.errors.allSatisfy { !$0.contains("whsec_") })
    }
  }

  @Test("an envelope with something else in it, and settings that do not hold, are told apart")
  func unreadable() async throws {
    try await WebhooksWorld.run { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      let lane = try world.lane(id)
      func reason(_ json: String) async throws -> WebhookTargetFailure.Reason? {
        let context = EnvelopeContext(
          tenant: world.tenant.description, table: "webhooks", column: "auth_credentials", row: id,
          revision: 1)
        let envelope = try world.keyring.seal(Array(json.utf8).span, for: context)
        let hex = envelope.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        try await world.sql("update integrationd.webhooks set auth_credentials = '\\x\(hex)'")
        let found = try await world.daemon.targets().targets(
          of: [lane], deadline: .within(.seconds(60)))
        if case .failure(let failure) = found.first { return failure.reason }
        return nil
      }
      let kept =
        #"{"s":[{"v":1,"k":"symmetric","s":"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz","c":1}],"h":[]}"#
      #expect(try await reason(kept) == nil)
      #expect(try await reason("{") == .credentials(.unreadable))
      #expect(try await reason(#"{"s":[],"h":[]}"#) == .settings)
      #expect(try await reason(#"{"s":[{"v":1,"k":"x","s":"a","c":1}],"h":[]}"#) == .settings)
      #expect(
        try await reason(
          #"{"s":[{"v":1,"k":"passphrase","s":"sixteen-visible-","c":1}],"h":[]}"#) == .settings)
      #expect(
        try await reason(#"{"s":[{"v":1,"k":"symmetric","s":"whsec_","c":1}],"h":[]}"#) == .settings
      )
      for type in ["basic", "bearer"] {
        try await world.sql(
          "update integrationd.webhooks set auth_type = '\(type)', signature_profile = ''")
        #expect(try await reason(#"{"s":[],"h":[]}"#) == .settings)
      }
    }
  }

  @Test("a URL that the daemon no longer allows is the receiver's fault, typed")
  func stricter() async throws {
    let open = OutboundSettings(allowsHTTP: true, addresses: AddressPolicy())
    try await WebhooksWorld.run(outbound: open) { world in
      let id =
        try await world.create { $0.webhookUrl = "http://a.example/" }.webhook?.webhookId ?? ""
      #expect(try await world.target(id).url.scheme == .http)
      let found = try await world.daemon.targets(outbound: WebhooksWorld.closed).targets(
        of: [try world.lane(id)], deadline: .within(.seconds(60)))
      guard case .failure(let failure) = found.first else {
        Issue.record("no failure")
        return
      }
      #expect(failure.reason == .url(.notHTTPS))
      #expect("\(failure)" == "webhook_url must begin with https://")
    }
  }

  @Test(
    "a name that tells of a secret masks its value",
    arguments: [
      ("Authorization", true), ("X-Authorization", true), ("X-Api-Key", true), ("X-ApiKey", true),
      ("X-MyToken", true), ("Client-Secret", true), ("X-Password", true), ("X-Signature-2", true),
      ("X-Cookie", true), ("X-Credentials", true), ("X-Auth", true), ("X-Env", false),
      ("User-Agent", false), ("X-Monkey", false),
    ])
  func masks(name: String, isMasked: Bool) {
    #expect(MaskedHeader.masks(name) == isMasked)
  }
}

extension WebhooksWorld {
  /// What it takes to deliver to a webhook.
  func target(_ id: String) async throws -> WebhookTarget {
    let found = try await daemon.targets().targets(
      of: [lane(id)], deadline: .within(.seconds(60)))
    return try #require(found.first).get()
  }
}
