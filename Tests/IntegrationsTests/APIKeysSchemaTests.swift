import FoundationEssentials
import Integrations
import PostgresClient
import Reactor
import TestSupport
import Testing

@Suite("API keys: what the database itself refuses")
struct APIKeysSchemaTests {
  @Test("the security check finds nothing beyond what is declared")
  func securityCheck() async throws {
    let store = try await TestDatabase.make(Schema.migrations)
    var policy = SecurityPolicy()
    policy.tenantColumns = ["tenants": "id"]
    let undeclared = try await findings(policy, store)
    #expect(undeclared.count == 4)
    policy.uniqueExceptions = APIKeySchema.uniqueExceptions
    policy.definerFunctions = APIKeySchema.definerFunctions.union(EventSchema.definerFunctions)
    #expect(try await findings(policy, store).map(\.description) == [])
  }

  private func findings(
    _ policy: SecurityPolicy, _ store: TestDatabase
  ) async throws -> [SecurityFinding] {
    // How the tests' server is set up is not what is asked.
    try await SecurityCheck(policy).findings(
      store.connectionString(for: .owner), deadline: .within(.seconds(120))
    ).filter { $0.severity == .fatal }
  }

  private static let tables = [
    "api_keys", "api_key_secrets", "api_key_limits", "api_key_usage", "api_key_usage_batches",
  ]

  @Test("the owner sees no rows, and the application those of one tenant at most")
  func rowSecurity() async throws {
    try await APIKeysWorld.run { world in
      let created = try await world.create()
      let other = TenantID(UUID())
      try await world.makeTenant(other)
      _ = try await world.verify(created.apiKey)
      _ = await world.daemon.usage.flush(deadline: .within(.seconds(120)))
      for table in Self.tables {
        let rows = try await world.store.execute(
          "select count(*) as rows from integrationd.\(table)", as: .owner)
        #expect(try rows.first?.int("rows") == 0, "\(table)")
      }
      for (tenant, expected) in [(world.tenant, 1), (other, 0)] {
        for table in ["api_keys", "api_key_secrets", "api_key_usage"] {
          let rows = try await world.store.execute(
            """
            begin;
            select set_config('integrationd.tenant_id', '\(tenant)', true);
            select count(*) as rows from integrationd.\(table);
            """, as: .app)
          #expect(try rows.last?.int("rows") == expected, "\(table)")
        }
      }
    }
  }

  @Test(
    "the roles are refused what they have no business with",
    arguments: [
      (ClusterRole.app, "select from integrationd.api_key_limits"),
      (.app, "update integrationd.api_key_limits set minute_used = 0"),
      (
        .app,
        """
        select set_config('integrationd.tenant_id', gen_random_uuid()::text, true);
        delete from integrationd.api_keys;
        """
      ),
      (.app, "insert into integrationd.api_key_usage values (null)"),
      (.app, "select from integrationd.api_key_usage_batches"),
      (
        .app,
        "select integrationd.record_api_key_usage(null, 1, '{}', '{}', '{}', '{}', '{}', '{}', '{}')"
      ),
      (.worker, "select key_name from integrationd.api_keys"),
      (.worker, "select api_key_digest from integrationd.api_key_secrets"),
      (.worker, "update integrationd.api_keys set is_active = true"),
      (.worker, "select integrationd.find_api_key('{}')"),
      (.worker, "select integrationd.charge_api_keys('{}', '{}', '{}', '{}', '{}', null)"),
    ])
  func grants(role: ClusterRole, statement: String) async throws {
    try await Turnstile.worlds.pass {
      let store = try await TestDatabase.make(Schema.migrations)
      let error = await #expect(throws: AdminError.self) {
        try await store.execute(statement, as: role)
      }
      #expect(error?.description.contains("permission denied") == true)
    }
  }

  @Test("a setting made by hand shows the application nothing")
  func forgedSetting() async throws {
    try await APIKeysWorld.run { world in
      _ = try await world.create()
      let other = TenantID(UUID())
      let rows = try await world.store.execute(
        """
        begin;
        select set_config('integrationd.tenant_id', '\(other)', true);
        select set_config('integrationd.verifying', 'on', true);
        select count(*) as rows from integrationd.api_key_secrets;
        """, as: .app)
      #expect(try rows.last?.int("rows") == 0)
    }
  }

  @Test("the lookup leaves no setting behind")
  func lookupSetting() async throws {
    let store = try await TestDatabase.make(Schema.migrations)
    let rows = try await store.execute(
      """
      begin;
      select count(*) from integrationd.find_api_key('{}');
      select count(*) from integrationd.charge_api_keys('{}', '{}', '{}', '{}', '{}', null);
      select current_setting('integrationd.verifying', true) as setting;
      """, as: .app)
    #expect(try rows.last?.text("setting") == "")
  }
}
