import FoundationEssentials
import Reactor
import TestSupport
import Testing

@Suite("integrationctl")
struct CommandLineTests {
  @Test("the story of a tenant and its keys, told by commands")
  func story() async throws {
    let home = try await DaemonHome()
    let daemon = try await home.start()
    try await daemon.untilReady()

    func ctl(_ arguments: String..., code: Int32 = 0) async throws -> String {
      let exit = try await home.run(
        ["--socket", daemon.socket] + arguments, program: "integrationctl")
      #expect(exit.reason == .exited(code: code), "\(arguments): \(exit.errorText)")
      return String(decoding: exit.output, as: UTF8.self) + exit.errorText
    }
    func field(_ name: String, of text: String) throws -> String {
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name + ":") })
      return String(line.dropFirst(name.count + 1).drop { $0 == " " })
    }

    #expect(try await ctl("health").contains("database"))
    #expect(try await ctl("health", "--json").hasPrefix("{\"state\":\"COMPONENT_STATE_HEALTHY\""))
    #expect(try await ctl("tenants", "list") == "no tenants\n")

    let tenant = UUID().uuidString.lowercased()
    #expect(
      try await ctl("tenants", "create", "School", "--id", tenant).contains("state:   active"))
    #expect(
      try await ctl("tenants", "create", "School", "--id", tenant, code: 73)
        .contains("ALREADY_EXISTS"))
    #expect(
      try await ctl("tenants", "get", tenant, "--json").contains("\"displayName\":\"School\""))
    #expect(try await ctl("tenants", "get", "x", code: 65).contains("  tenant_id: must be a UUID"))
    #expect(try await ctl("keys", "list", tenant) == "no keys\n")

    let created = try await ctl(
      "keys", "create", tenant, "portal", "--per-minute", "-1", "--per-hour", "2", "--with-secret",
      "--allow-endpoint", "GET /v1/**", "--allow-ip", "10.0.0.0/8", "--expires", "90d",
      "--rotate-every", "30", "--notes", "for the portal")
    let key = try field("key", of: created)
    let secret = try field("api key", of: created)
    #expect(try field("api secret", of: created).hasPrefix("ss_"))
    #expect(try field("per minute", of: created) == "none")

    #expect(try await ctl("keys", "verify", secret, code: 1).contains("ip_required"))
    let question = ["--ip", "10.1.2.3", "--endpoint", "GET /v1/students/7"]
    #expect(
      try await ctl("keys", "verify", secret, question[0], question[1], question[2], question[3])
        .contains("allowed"))
    #expect(
      try await ctl(
        "keys", "verify", secret, "--cost", "3", question[0], question[1], question[2], question[3],
        code: 1
      ).contains("cost_exceeds_limit"))

    let rotated = try await ctl("keys", "rotate", tenant, key, "--grace", "1h")
    #expect(rotated.contains("secret v2") && rotated.contains("secret v1"))
    #expect(
      try await ctl("keys", "update", tenant, key, "--name", "renamed", "--any-ip", "--disable-key")
        .contains("disabled"))
    #expect(try await ctl("keys", "update", tenant, key, code: 64).contains("at least one thing"))
    #expect(try await ctl("keys", "get", tenant, key).contains("renamed"))
    #expect(try await ctl("keys", "revoke", tenant, key).contains("revoked"))

    _ = try await ctl("keys", "create", tenant, "second")
    let page = try await ctl("keys", "list", tenant, "--page-size", "1")
    #expect(page.contains("second") && page.contains("more: --page-token "))
    let all = try await ctl("keys", "list", tenant, "--page-size", "1", "--all")
    #expect(all.contains("second") && all.contains("renamed"))
    #expect(
      try await ctl("keys", "list", tenant, "--state", "revoked", "--json").contains("renamed"))

    #expect(
      try await ctl("tenants", "suspend", tenant, "--reason", "unpaid").contains(
        "reason:    unpaid"))
    #expect(try await ctl("tenants", "resume", tenant).contains("active"))
    #expect(try await ctl("tenants", "list").contains("School"))

    let get = "integration.v1.TenantService/GetTenant"
    #expect(try await ctl("call", get, "{\"tenantId\":\"\(tenant)\"}").contains("School"))
    #expect(try await ctl("call", get, "{\"x\":1}", code: 64).contains("x: is not a field"))
    let missing = UUID().uuidString.lowercased()
    #expect(
      try await ctl("call", get, "{\"tenantId\":\"\(missing)\"}", "--json", code: 66)
        .contains("\"code\":5"))
    #expect(
      try await ctl("call", "grpc.health.v1.Health/Watch", "{}", "--timeout", "1", code: 75)
        .contains("SERVING"))

    #expect(try await daemon.stop() == .exited(code: 0))
    #expect(try await ctl("health", code: 69).contains("is integrationd running?"))
  }

  @Test("a secret that could not be printed is no success, and can be had again")
  func fullDisk() async throws {
    let home = try await DaemonHome()
    let daemon = try await home.start()
    try await daemon.untilReady()
    func ctl(
      _ arguments: [String], to output: ChildProcess.Output = .capture(maxBytes: 1 << 20)
    ) async throws -> ChildProcess.Exit {
      try await home.run(
        ["--socket", daemon.socket] + arguments, program: "integrationctl", standardOutput: output)
    }
    let tenant = UUID().uuidString.lowercased()
    _ = try await ctl(["tenants", "create", "School", "--id", tenant])
    for format in [[], ["--json"]] {
      let create = ["keys", "create", tenant, "portal"] + format
      let lost = try await ctl(create, to: .file("/dev/full"))
      #expect(lost.reason == .exited(code: 74))
      #expect(lost.errorText.contains("standard output cannot be written: "))
      let key = try #require(lost.errorText.firstMatch(of: /--idempotency-key\W+([0-9a-f-]{36})/))
      let found = try await ctl(create + ["--idempotency-key", String(key.1)])
      #expect(found.reason == .exited(code: 0))
      #expect(String(decoding: found.output, as: UTF8.self).contains("sk_live_"))
    }
    let keys = try await ctl(["keys", "list", tenant, "--json"])
    #expect(String(decoding: keys.output, as: UTF8.self).matches(of: /"portal"/).count == 2)
    for command in [
      ["tenants", "list"], ["services"], ["describe", "ApiKey"],
      ["webhooks", "listen", "--port", "0"],
    ] {
      #expect(try await ctl(command, to: .file("/dev/full")).reason == .exited(code: 74))
    }
    #expect(try await daemon.stop() == .exited(code: 0))
  }

  @Test(
    "the contract explains itself without a daemon",
    arguments: [
      (["services"], "integration.v1.ApiKeyService/VerifyApiKey", Int32(0)),
      (["services", "--json"], "\"integration.v1.TenantService\":[\"CreateTenant\"", 0),
      (["describe", "ApiKeyService"], "rpc CreateApiKey(CreateApiKeyRequest)", 0),
      (["describe", "integration.v1.ApiKeyService/VerifyApiKey"], "message integration.v1", 0),
      (["describe", "ApiKey"], "rateLimitPerMinute: int32", 0),
      (["describe", "TenantState"], "TENANT_STATE_ACTIVE = 1", 0),
      (["describe", "Nothing"], "the contract has no Nothing", 64),
      (["--version"], "0.1.0", 0),
      (["--generate-completion-script", "bash"], "integrationctl", 0),
      (
        ["keys", "create", "t", "n", "--expires", "90d", "--idempotency-key", "k"],
        "give the moment itself, as --expires 2", 64
      ),
      (
        ["keys", "update", "t", "k", "--expires", "1h", "--idempotency-key", "k"],
        "give the moment itself, as --expires 2", 64
      ),
      (["tenants", "list", "--timeout", "0"], "--timeout must be more than 0", 64),
    ])
  func contract(arguments: [String], text: String, code: Int32) async throws {
    let home = try await DaemonHome()
    let exit = try await home.run(arguments, program: "integrationctl")
    #expect(exit.reason == .exited(code: code))
    #expect((String(decoding: exit.output, as: UTF8.self) + exit.errorText).contains(text))
  }
}
