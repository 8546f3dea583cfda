import IntegrationClient
import Reactor
import TestSupport
import Testing

@Suite("The daemon's access policy")
struct PolicyTests {
  private func policy(roles: String) -> String {
    """
    {"callers": [{"name": "tester", "uid": \(Accounts.effectiveUserID), "roles": [\(roles)]}]}
    """
  }

  @Test("decides who may call, is read again on SIGHUP, and a broken one changes nothing")
  func reload() async throws {
    let home = try await DaemonHome()
    let database = try await ExternalDatabase()
    let file = try home.write(policy(roles: "\"read\""), to: "policy.json")
    let daemon = try await home.start(
      try await database.options(home) + ["--access-policy", file])
    try await daemon.untilReady()
    let client = daemon.client

    for _ in 0..<3 {
      let denied = await #expect(throws: RPCError.self) {
        try await client.tenants.createTenant(CreateTenantRequest(displayName: "A"))
      }
      #expect(denied?.code == .permissionDenied)
      #expect(denied?.message.contains("tester") == true)
    }
    #expect(daemon.errors.split(separator: "\n").count { $0.contains("denied") } == 1)
    #expect(try await client.tenants.listTenants(ListTenantsRequest()).tenants == [])

    try home.write("{\"callers\": [{\"name\": \"tester\"}]}", to: "policy.json")
    daemon.signal(.hangup)
    try await eventually { daemon.errors.contains("was not read again") }
    #expect(daemon.errors.contains("policy.json:1: caller"))
    #expect(try await client.tenants.listTenants(ListTenantsRequest()).tenants == [])

    try home.write(policy(roles: "\"admin\""), to: "policy.json")
    daemon.signal(.hangup)
    try await eventually { daemon.errors.contains("msg=\"the access policy was read again\"") }
    let created = try await client.tenants.createTenant(CreateTenantRequest(displayName: "A"))
    #expect(created.tenant != nil)

    try home.write("{\"callers\": []}", to: "policy.json")
    daemon.signal(.hangup)
    try await eventually {
      do throws(RPCError) {
        _ = try await client.grpcHealth.check(HealthCheckRequest())
        return false
      } catch {
        return error.code == .permissionDenied
      }
    }
    try await daemon.stop()
  }
}
