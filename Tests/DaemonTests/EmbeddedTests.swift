import FoundationEssentials
import IntegrationClient
import Reactor
import TestSupport
import Testing

@Suite("The daemon on its own PostgreSQL")
struct EmbeddedTests {
  @Test("one command serves tenants and keys; killed and started again it has lost nothing")
  func tour() async throws {
    let home = try await DaemonHome()
    let first = try await home.start()
    try await first.untilReady()
    #expect(first.output == "ready socket=\(first.socket)\n")
    let client = first.client

    let tenant = try #require(
      try await client.tenants.createTenant(
        CreateTenantRequest(displayName: "Example", idempotencyKey: "t-1")
      ).tenant)
    let created = try await client.apiKeys.createApiKey(
      CreateApiKeyRequest(
        tenantId: tenant.tenantId, keyName: "Gateway", idempotencyKey: "k-1"))
    #expect(created.apiKey.hasPrefix("sk_live_"))
    #expect(try await isAllowed(created.apiKey, client))
    let health = try await client.health.getHealth(GetHealthRequest())
    #expect(health.state == .healthy)
    #expect(health.components.map(\.name) == ["database", "embedded_postgres", "usage"])
    #expect(health.openConnections >= 1 && health.callsInFlight >= 1)

    first.signal(.kill)
    #expect(try await first.exit() == .killed(.kill))

    let second = try await home.start()
    try await second.untilReady()
    let again = second.client
    #expect(
      try await again.tenants.getTenant(GetTenantRequest(tenantId: tenant.tenantId)).tenant
        == tenant)
    #expect(try await isAllowed(created.apiKey, again))
    let repeated = try await again.apiKeys.createApiKey(
      CreateApiKeyRequest(
        tenantId: tenant.tenantId, keyName: "Gateway", idempotencyKey: "k-1"))
    #expect(repeated.apiKey == created.apiKey)
    #expect(try await second.stop() == .exited(code: 0))
    #expect(!FileManager.default.fileExists(atPath: second.socket))

    let secret = String(created.apiKey.dropFirst(8))
    for text in [first.output, first.errors, second.output, second.errors] {
      #expect(!text.contains(secret))
    }
    try await check(home)
  }

  /// `integrationd check` on what the daemon has left.
  private func check(_ home: DaemonHome) async throws {
    let state = ["--state-dir", home.path + "/a", "--socket", home.path + "/a.sock"]
    let report = try await home.run(["check"] + state)
    #expect(report.reason == .exited(code: 0), "\(report.outputText) \(report.errorText)")
    for line in ["access", "keyring", "database", "migrations", "security", "keys"] {
      #expect(report.outputText.contains("ok      \(line)"))
    }
    let json = try await home.run(["check", "--json"] + state)
    #expect(json.outputText.contains("\"ok\" : true"))
    try FileManager.default.removeItem(atPath: home.path + "/a/keyring.json")
    let lost = try await home.start()
    #expect(try await lost.exit() == .exited(code: 78))
    #expect(lost.errors.contains("is gone, and this database was written with one"))
    let migrated = try await home.run(["migrate"] + state)
    #expect(migrated.outputText == "nothing to do\n")
  }

  private func isAllowed(_ key: String, _ client: IntegrationClient) async throws -> Bool {
    try await client.apiKeys.verifyApiKey(VerifyApiKeyRequest(apiKey: key)).allowed
  }

  @Test("told to stop while it starts, it ends without having served")
  func interruptedStart() async throws {
    let home = try await DaemonHome()
    let daemon = try await home.start()
    try await eventually { daemon.errors.contains("making a PostgreSQL cluster") }
    daemon.signal(.interrupt)
    #expect(try await daemon.exit() == .exited(code: 0))
    #expect(daemon.output.isEmpty)
    #expect(daemon.errors.contains("stopped before it was ready"))
  }
}
