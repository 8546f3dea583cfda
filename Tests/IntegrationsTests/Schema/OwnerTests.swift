import Integrations
import PostgresClient
import Reactor
import TestSupport
import Testing

@Suite("A schema that a superuser made")
struct OwnerTests {
  /// A database that a superuser has migrated, with one API key in it.
  private struct World {
    let store: TestDatabase

    /// - Parameter login: made as a superuser when it is another than the server's first.
    init(as login: String) async throws {
      let server = try await TestCluster.start()
      store = try await TestDatabase.make(on: server)
      if login != "postgres" { try await store.execute("create role \(login) superuser") }
      try await store.execute("alter table integrationd_migrations owner to \(login)")
      // The statements alone: the server lets only some logins in.
      for migration in Schema.migrations {
        try await store.execute("set role \(login); \(migration.sql)")
      }
      try await store.execute(
        """
        with t as (
          insert into integrationd.tenants (id, display_name)
          values (gen_random_uuid(), 'A school') returning id
        ), k as (
          insert into integrationd.api_keys (tenant_id, key_name)
          select id, 'Gateway' from t returning tenant_id, id
        )
        insert into integrationd.api_key_secrets
          (tenant_id, key_id, version, api_key_digest, pepper_version, prefix, last_four)
        select tenant_id, id, 1, decode(repeat('07', 32), 'hex'), 1, 'sk_live_', 'abcd' from k
        """)
    }

    func findsKey() async throws -> Bool {
      let rows = try await store.execute(
        """
        select count(*) as keys
        from integrationd.find_api_key(array[decode(repeat('07', 32), 'hex')])
        """, as: .app)
      return try rows.first?.int("keys") == 1
    }

    /// Without what test servers lack on purpose.
    func findings() async throws -> [SecurityFinding] {
      try await SecurityCheck(Schema.security).findings(
        store.connectionString(for: .owner), deadline: .within(.seconds(120))
      ).filter { if case .settingOff = $0.kind { false } else { true } }
    }
  }

  @Test("is handed over by the statements of the check, and its keys still verify")
  func handover() async throws {
    let world = try await World(as: "postgres")
    #expect(try await world.findsKey())
    let findings = try await world.findings()
    #expect(findings.map(\.kind) == [.ownerIsSuperuser("postgres")])
    try await world.store.execute(try #require(findings.first).remedy)
    #expect(try await world.findsKey())
    #expect(try await world.findings() == [])
  }

  @Test("is refused when it was handed over without its policies, and told what mends it")
  func forgottenPolicies() async throws {
    let world = try await World(as: "admin")
    try await world.store.execute("reassign owned by admin to integrationd_owner")
    #expect(try await !world.findsKey())
    let findings = try await world.findings()
    #expect(findings.count == 10)
    #expect(
      findings.allSatisfy { finding in
        guard case .policyWithoutOwner = finding.kind else { return false }
        return finding.severity == .fatal
      })
    for finding in findings { try await world.store.execute(finding.remedy) }
    #expect(try await world.findsKey())
    #expect(try await world.findings() == [])
  }
}
