import Integrations
import Reactor
import Testing

@Suite("Access policy files")
struct AccessPolicyTests {
  private static let accounts = AccountDirectory(
    uid: { ["gateway": 1001, "billing": 1002, "nobody": 65534][$0] },
    gid: { ["services": 2001][$0] })

  private static let tenant = "0f6c1f0e-54c0-4f6c-8d0c-7f3f3d1f2a11"

  private func parse(_ text: String) throws(SettingsError) -> AccessPolicy {
    try AccessPolicyFile.parse(Array(text.utf8), file: "p.json", accounts: Self.accounts)
  }

  private func peer(_ uid: UInt32, _ gid: UInt32 = 1, _ groups: [UInt32] = []) -> PeerCredentials {
    PeerCredentials(userID: uid, groupID: gid, processID: 7, supplementaryGroups: groups)
  }

  @Test("callers are found by user, group or both, the first that fits")
  func matching() throws {
    let policy = try parse(
      """
      {"callers": [
        {"name": "gateway", "user": "gateway", "roles": ["verify"]},
        {"name": "both", "uid": 1002, "group": "services", "roles": ["operate"]},
        {"name": "billing", "uid": 1002, "roles": ["read"]},
        {"name": "members", "gid": 2001, "roles": ["publish"]}
      ]}
      """)
    #expect(policy.principal(of: peer(1001))?.name == "gateway")
    #expect(policy.principal(of: peer(1002))?.name == "billing")
    #expect(policy.principal(of: peer(1002, 2001))?.name == "both")
    #expect(policy.principal(of: peer(1002, 1, [5, 2001]))?.name == "both")
    #expect(policy.principal(of: peer(3000, 1, [2001]))?.name == "members")
    #expect(policy.principal(of: peer(3000)) == nil)
  }

  @Test("the user id of accounts the kernel cannot map is nobody, even for a group")
  func overflow() throws {
    let policy = try parse(#"{"callers": [{"name": "g", "gid": 2001, "roles": ["admin"]}]}"#)
    #expect(policy.principal(of: peer(65534, 2001)) == nil)
    #expect(policy.principal(of: peer(.max, 2001)) == nil)
    #expect(policy.principal(of: peer(1, 2001)) != nil)
  }

  @Test("without a file root and the daemon's own user are admins, others nobody")
  func ownUser() {
    let policy = AccessPolicy.ownUser(1000)
    #expect(policy.principal(of: peer(0))?.roles == [.admin])
    #expect(policy.principal(of: peer(1000))?.roles == [.admin])
    #expect(policy.principal(of: peer(1001)) == nil)
    #expect(AccessPolicy.ownUser(0).entries.count == 1)
  }

  @Test("roles and methods add up, tenants bound a caller")
  func rights() throws {
    let policy = try parse(
      """
      {"callers": [{"name": "billing", "uid": 1002, "roles": ["read"],
        "methods": ["integration.v1.ApiKeyService/Rotate*"], "tenants": ["\(Self.tenant)"]}]}
      """)
    let principal = try #require(policy.principal(of: peer(1002)))
    #expect(principal.mayCall("integration.v1.ApiKeyService/GetApiKey"))
    #expect(principal.mayCall("integration.v1.ApiKeyService/RotateApiKey"))
    #expect(principal.mayCall("grpc.health.v1.Health/Check"))
    #expect(!principal.mayCall("integration.v1.ApiKeyService/RevokeApiKey"))
    #expect(!principal.mayCall("integration.v1.ApiKeyService/Unheard"))
    let own = try #require(TenantID(Self.tenant.uppercased()))
    #expect(principal.mayActFor(own))
    #expect(!principal.mayActFor(.directory))
  }

  @Test(
    "a role allows what it says",
    arguments: [
      (Role.admin, "integration.v1.TenantService/CreateTenant", true),
      (.admin, "unheard.of/Method", true),
      (.operate, "integration.v1.TenantService/CreateTenant", false),
      (.operate, "integration.v1.ApiKeyService/RevokeApiKey", true),
      (.operate, "integration.v1.ApiKeyService/VerifyApiKey", true),
      (.operate, "integration.v1.TenantService/ListTenants", true),
      (.verify, "integration.v1.ApiKeyService/VerifyApiKey", true),
      (.verify, "integration.v1.ApiKeyService/GetApiKey", false),
      (.read, "integration.v1.ApiKeyService/GetApiKeyUsage", true),
      (.read, "integration.v1.HealthService/GetHealth", true),
      (.read, "integration.v1.ApiKeyService/VerifyApiKey", false),
      (.publish, "grpc.health.v1.Health/Check", true),
      (.publish, "integration.v1.TenantService/GetTenant", false),
    ])
  func roles(role: Role, method: String, isAllowed: Bool) {
    #expect(Principal(name: "x", roles: [role]).mayCall(method) == isAllowed)
  }

  @Test(
    "a fault is told with its line",
    arguments: [
      ("{}", "p.json:1: \"callers\" is missing"),
      ("{\"calers\": []}", "p.json:1: unknown key \"calers\"; known: callers"),
      ("{\"callers\": {}}", "p.json:1: \"callers\" must be an array, not an object"),
      ("{\"callers\":\n[7]}", "p.json:2: a caller must be an object, not a number"),
      ("{\"callers\":\n[{\"uid\": 1}]}", "p.json:2: a caller needs a \"name\""),
      (
        "{\"callers\":\n[{\"name\": \"a\"}]}",
        "p.json:2: caller \"a\" needs a \"uid\", \"user\", \"gid\" or \"group\""
      ),
      (
        "{\"callers\": [{\"name\": \"\"}]}",
        "p.json:1: \"name\" must be 1 to 200 characters without control characters"
      ),
      (
        "{\"callers\": [{\"name\": \"a\\nb\"}]}",
        "p.json:1: \"name\" must be 1 to 200 characters without control characters"
      ),
      (
        "{\"callers\": [{\"name\": \"a\", \"uid\": 1},\n{\"name\": \"a\", \"uid\": 2}]}",
        "p.json:2: \"name\" is taken: there is another caller \"a\""
      ),
      (
        "{\"callers\": [{\"name\": \"a\", \"uid\": 1, \"user\": \"gateway\"}]}",
        "p.json:1: \"user\" and \"uid\" say the same thing: leave one out"
      ),
      (
        "{\"callers\": [{\"name\": \"a\", \"user\": \"ghost\"}]}",
        "p.json:1: \"user\" names nobody on this host: \"ghost\""
      ),
      (
        "{\"callers\": [{\"name\": \"a\", \"user\": \"nobody\"}]}",
        "p.json:1: \"user\" is 65534, which the kernel shows for unknown accounts"
      ),
      (
        "{\"callers\": [{\"name\": \"a\", \"uid\": 4294967295}]}",
        "p.json:1: \"uid\" must be from 0 to 4294967294"
      ),
      (
        "{\"callers\": [{\"name\": \"a\", \"uid\": 1, \"roles\": [\"root\"]}]}",
        "p.json:1: unknown role \"root\"; known: admin, operate, publish, verify, read"
      ),
      (
        "{\"callers\": [{\"name\": \"a\", \"uid\": 1, \"methods\": [\"Get\"]}]}",
        "p.json:1: not a method like \"integration.v1.ApiKeyService/Get*\""
      ),
      (
        "{\"callers\": [{\"name\": \"a\", \"uid\": 1, \"methods\": [\"x.Y/Get*\"]}]}",
        "p.json:1: no method is named \"x.Y/Get*\""
      ),
      (
        "{\"callers\": [{\"name\": \"a\", \"uid\": 1, \"tenants\":\n[\"t\"]}]}",
        "p.json:2: not a tenant's UUID: \"t\""
      ),
      (
        "{\"callers\": [{\"name\": \"a\", \"uid\": 1, \"tenants\": "
          + "[\"00000000-0000-0000-0000-000000000000\"]}]}",
        "p.json:1: not a tenant's UUID: \"00000000-0000-0000-0000-000000000000\""
      ),
    ])
  func faults(text: String, message: String) {
    #expect { try parse(text) } throws: { "\($0)" == message }
  }

  @Test("an empty list of tenants means none, not all")
  func noTenants() throws {
    let policy = try parse(
      #"{"callers": [{"name": "a", "uid": 1, "roles": ["admin"], "tenants": []}]}"#)
    let principal = try #require(policy.principal(of: peer(1)))
    #expect(!principal.mayActFor(try #require(TenantID(Self.tenant))))
  }

  @Test("counts are bounded")
  func bounds() {
    let callers = (0...1000).map { "{\"name\": \"c\($0)\", \"uid\": \($0)}" }
    #expect { try parse("{\"callers\": [\(callers.joined(separator: ","))]}") } throws: {
      "\($0)" == "p.json:1: \"callers\" may hold at most 1000 callers"
    }
    let methods = Array(repeating: "\"*\"", count: 101).joined(separator: ",")
    #expect {
      try parse("{\"callers\": [{\"name\": \"a\", \"uid\": 1, \"methods\": [\(methods)]}]}")
    } throws: {
      "\($0)" == "p.json:1: \"methods\" may hold at most 100 methods"
    }
    let tenants = Array(repeating: "\"\(Self.tenant)\"", count: 10_001).joined(separator: ",")
    #expect {
      try parse("{\"callers\": [{\"name\": \"a\", \"uid\": 1, \"tenants\": [\(tenants)]}]}")
    } throws: {
      "\($0)" == "p.json:1: \"tenants\" may hold at most 10000 tenants"
    }
  }
}
