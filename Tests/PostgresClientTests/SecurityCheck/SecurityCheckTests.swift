import PostgresClient
import Reactor
import TestSupport
import Testing

@Suite("Security check")
struct SecurityCheckTests {
  /// A schema as it must be: two tenant tables, a reference between them, a view, a function.
  static let schema = Migration(
    name: "v0001_schema",
    sql: """
      create table tenants (id uuid primary key);
      alter table tenants enable row level security;
      alter table tenants force row level security;
      create policy own on tenants to integrationd_app
        using (id = current_setting('integrationd.tenant_id')::uuid);

      create table things (
        tenant_id uuid not null references tenants (id),
        id uuid not null,
        label text,
        token text,
        primary key (tenant_id, id),
        constraint things_label unique (tenant_id, label),
        constraint things_token unique (token)
      );
      alter table things enable row level security;
      alter table things force row level security;
      create policy tenant on things to integrationd_app
        using (tenant_id = current_setting('integrationd.tenant_id')::uuid);
      create policy worker on things to integrationd_worker using (true);

      create table parts (
        tenant_id uuid not null,
        id uuid not null,
        thing_id uuid not null,
        primary key (tenant_id, id),
        constraint parts_thing foreign key (tenant_id, thing_id) references things (tenant_id, id)
      );
      alter table parts enable row level security;
      alter table parts force row level security;
      create policy tenant on parts to integrationd_app
        using (tenant_id = current_setting('integrationd.tenant_id')::uuid);

      create view labels with (security_invoker = on) as select label from things;
      create function answer() returns int language sql security definer
        set search_path = pg_catalog as 'select 42';
      """)

  static var policy: SecurityPolicy {
    var policy = SecurityPolicy()
    policy.tenantColumns = ["tenants": "id"]
    policy.uniqueExceptions = ["things_token"]
    policy.definerFunctions = ["public.answer()"]
    return policy
  }

  struct Breakage: Sendable, CustomTestStringConvertible {
    let sql: String
    let kind: SecurityFinding.Kind
    var testDescription: String { sql }
  }

  static let breakages = [
    Breakage(
      sql: "alter table things disable row level security",
      kind: .rowSecurityDisabled(table: "public.things")),
    Breakage(
      sql: "alter table tenants disable row level security",
      kind: .rowSecurityDisabled(table: "public.tenants")),
    Breakage(
      sql: "alter table things no force row level security",
      kind: .rowSecurityNotForced(table: "public.things")),
    Breakage(sql: "drop policy tenant on parts", kind: .noPolicy(table: "public.parts")),
    Breakage(
      sql: "create policy oops on things using (true)",
      kind: .openPolicy(table: "public.things", policy: "oops")),
    Breakage(
      sql: "create policy oops on things for insert to integrationd_app with check (true)",
      kind: .openPolicy(table: "public.things", policy: "oops")),
    Breakage(
      sql: "alter table parts add constraint parts_id unique (id)",
      kind: .uniqueWithoutTenant(table: "public.parts", index: "parts_id")),
    Breakage(
      sql: "create unique index parts_lower on parts ((thing_id::text))",
      kind: .uniqueWithoutTenant(table: "public.parts", index: "parts_lower")),
    Breakage(
      sql: """
        alter table parts add constraint parts_crossed
          foreign key (thing_id, tenant_id) references things (tenant_id, id)
        """,
      kind: .foreignKeyWithoutTenant(table: "public.parts", constraint: "parts_crossed")),
    Breakage(
      sql: "create view all_labels as select label from things",
      kind: .viewWithoutInvoker("public.all_labels")),
    Breakage(
      sql: "alter view labels set (security_invoker = off)",
      kind: .viewWithoutInvoker("public.labels")),
    Breakage(
      sql: """
        create materialized view frozen as select label from things with no data;
        grant select on frozen to integrationd_app
        """,
      kind: .readableMaterializedView("public.frozen")),
    Breakage(
      sql: """
        create function peek(int) returns bigint language sql security definer
          set search_path = pg_catalog, public as 'select count(*) from things'
        """,
      kind: .definerFunctionNotAllowed("public.peek(integer)")),
    Breakage(
      sql: "alter function answer() reset search_path",
      kind: .definerFunctionWithoutSearchPath("public.answer()")),
    Breakage(
      sql: """
        create policy owner_reads on things for select to integrationd_worker using (label = 'x')
        """,
      kind: .policyWithoutOwner(table: "public.things", policy: "owner_reads")),
    Breakage(
      sql: "alter database :database set synchronous_commit = off",
      kind: .settingOff("synchronous_commit")),
  ]

  @Test("finds nothing wrong where nothing is")
  func clean() async throws {
    let database = try await TestDatabase.make([Self.schema])
    #expect(try await database.findings(Self.policy) == [])
  }

  @Test("finds exactly what was broken, and nothing more once it is mended", arguments: breakages)
  func broken(_ breakage: Breakage) async throws {
    let database = try await TestDatabase.make([Self.schema])
    try await database.execute(
      breakage.sql.replacing(":database", with: database.name), as: .superuser)
    let findings = try await database.findings(Self.policy)
    #expect(findings.map(\.kind) == [breakage.kind])
    let finding = try #require(findings.first)
    #expect("\(finding)".contains("to mend it: "))
    #expect(
      finding.severity == (breakage.kind == .settingOff("synchronous_commit") ? .warning : .fatal))
    // Where the remedy is a statement as it stands, it mends.
    switch finding.kind {
    case .rowSecurityDisabled, .rowSecurityNotForced, .openPolicy, .viewWithoutInvoker,
      .readableMaterializedView, .definerFunctionNotAllowed, .definerFunctionWithoutSearchPath,
      .policyWithoutOwner:
      try await database.execute(finding.remedy, as: .superuser)
      #expect(try await database.findings(Self.policy) == [])
    default: break
    }
  }

  @Test("an exception counts only while it is declared")
  func undeclared() async throws {
    let database = try await TestDatabase.make([Self.schema])
    var policy = Self.policy
    policy.uniqueExceptions = []
    policy.definerFunctions = []
    #expect(
      try await database.findings(policy).map(\.kind) == [
        .uniqueWithoutTenant(table: "public.things", index: "things_token"),
        .definerFunctionNotAllowed("public.answer()"),
      ])
  }

  @Test("finds roles that row level security does not hold")
  func roles() async throws {
    let database = try await TestDatabase.make([Self.schema])
    let role = database.name + "_role"
    let between = database.name + "_between"
    var policy = Self.policy
    policy.runtimeRoles = [role]
    policy.crossTenantRoles = []
    #expect(try await database.findings(policy).map(\.kind) == [.roleMissing(role)])
    try await database.execute(try await database.findings(policy)[0].remedy)
    #expect(try await database.findings(policy) == [])

    try await database.execute("alter role \(role) superuser")
    try await database.expectFinding(.roleIsSuperuser(role), policy)
    try await database.execute("alter role \(role) bypassrls")
    try await database.expectFinding(.roleBypassesRowSecurity(role), policy)
    try await database.execute(
      "grant create on schema public to \(role); create table own (); alter table own owner to \(role)"
    )
    try await database.expectFinding(
      .roleOwnsRelation(role: role, relation: "public.own"), policy)
    try await database.execute("grant pg_read_server_files to \(role)")
    try await database.expectFinding(
      .roleCanBecome(role: role, privileged: "pg_read_server_files"), policy)
    try await database.execute(
      "create role \(between); grant \(between) to \(role); grant integrationd_owner to \(between)")
    #expect(
      try await database.findings(policy).map(\.kind) == [
        .roleCanBecome(role: role, privileged: "integrationd_owner")
      ])
    try await database.execute(
      """
      revoke create on schema public from \(role);
      drop owned by \(role), \(between);
      drop role \(role), \(between)
      """)
  }

  @Test(
    "holds the role of publishing services to the same",
    arguments: [
      Breakage(
        sql: "alter role integrationd_publisher superuser",
        kind: .roleIsSuperuser("integrationd_publisher")),
      Breakage(
        sql: "alter role integrationd_publisher bypassrls",
        kind: .roleBypassesRowSecurity("integrationd_publisher")),
      Breakage(
        sql: "create table own (); alter table own owner to integrationd_publisher",
        kind: .roleOwnsRelation(role: "integrationd_publisher", relation: "public.own")),
      Breakage(
        sql: "create policy oops on things to integrationd_publisher using (true)",
        kind: .openPolicy(table: "public.things", policy: "oops")),
    ])
  func publisher(_ breakage: Breakage) async throws {
    // Roles belong to the whole server.
    let server = try await TestCluster.start()
    let database = try await TestDatabase.make([Self.schema], on: server)
    #expect(try await database.findings(Self.policy) == [])
    try await database.execute(breakage.sql)
    #expect(try await database.findings(Self.policy).map(\.kind) == [breakage.kind])
  }

  @Test("finds that a superuser migrated")
  func superuserOwns() async throws {
    // The remedy changes roles, which belong to the whole server.
    let server = try await TestCluster.start()
    let database = try await TestDatabase.make([Self.schema], on: server)
    try await database.execute("alter table integrationd_migrations owner to postgres")
    let findings = try await database.findings(Self.policy)
    #expect(findings.map(\.kind) == [.ownerIsSuperuser("postgres")])
    #expect(findings.first?.severity == .warning)
    try await database.execute(try #require(findings.first).remedy)
    #expect(try await database.findings(Self.policy) == [])
  }

  @Test("finds a server that does not keep what it acknowledged")
  func settings() async throws {
    let server = try await TestCluster.start(durability: .durable)
    let database = try await TestDatabase.make([Self.schema], on: server)
    #expect(try await database.allFindings(Self.policy) == [])
    for setting in ["fsync", "full_page_writes"] {
      try await database.execute("alter system set \(setting) = off")
      try await database.execute("select pg_reload_conf()")
      // The reload reaches a new session a moment later.
      try await eventually {
        try await database.allFindings(Self.policy).map(\.kind) == [.settingOff(setting)]
      }
      try await database.execute("alter system reset \(setting)")
      try await database.execute("select pg_reload_conf()")
      try await eventually { try await database.allFindings(Self.policy) == [] }
    }
  }

  @Test("finds an encoding that is not UTF-8")
  func encoding() async throws {
    let server = try await TestCluster.shared()
    let name = "latin_" + String(UInt64.random(in: .min ... .max), radix: 36)
    try await server.execute(
      "create database \(name) template template0 encoding 'LATIN1' locale 'C'")
    let findings = try await SecurityCheck(Self.policy).findings(
      server.cluster.connectionString(for: .superuser, database: name),
      deadline: .within(.seconds(120)))
    #expect(findings.map(\.kind).contains(.encodingNotUTF8("LATIN1")))
    try await server.execute("drop database \(name)")
  }

  @Test("finds a clock that is off", arguments: [3600, -3600])
  func clock(seconds: Int64) async throws {
    let database = try await TestDatabase.make([Self.schema])
    let findings = try await database.findings(Self.policy) {
      SecurityCheck.systemMicroseconds() + seconds * 1_000_000
    }
    guard case .clockSkew(let milliseconds) = try #require(findings.first).kind else {
      Issue.record("unexpected \(findings)")
      return
    }
    #expect(findings.count == 1)
    // The time that the query takes counts for neither side.
    #expect((3_000_000...3_601_000).contains(milliseconds.magnitude))
    #expect((milliseconds < 0) == (seconds > 0))
  }

  @Test(
    "finds a server with known holes",
    arguments: [
      (140_030, true), (150_013, true), (150_014, false), (160_009, true), (160_010, false),
      (170_005, true), (170_006, false), (180_000, false),
    ])
  func version(number: Int, isTooOld: Bool) {
    let finding = SecurityCheck.version(number: number)
    #expect(finding?.kind == (isTooOld ? .serverTooOld(versionNumber: number) : nil))
  }

  @Test("of a database that cannot be reached says so")
  func unreachable() async throws {
    await #expect(throws: AdminError.self) {
      try await SecurityCheck(Self.policy)
        .findings("host=/nowhere", deadline: .within(.seconds(5)))
    }
  }
}

extension TestDatabase {
  /// Without what test servers lack on purpose.
  func findings(
    _ policy: SecurityPolicy, clock: (@Sendable () -> Int64)? = nil
  ) async throws -> [SecurityFinding] {
    try await allFindings(policy, clock: clock).filter {
      $0.kind != .settingOff("fsync") && $0.kind != .settingOff("full_page_writes")
    }
  }

  func allFindings(
    _ policy: SecurityPolicy, clock: (@Sendable () -> Int64)? = nil
  ) async throws -> [SecurityFinding] {
    try await SecurityCheck(policy, clock: clock).findings(
      connectionString(for: .owner), deadline: .within(.seconds(120)))
  }

  /// Expects one finding, and none after its remedy.
  func expectFinding(_ kind: SecurityFinding.Kind, _ policy: SecurityPolicy) async throws {
    let findings = try await findings(policy)
    #expect(findings.map(\.kind) == [kind])
    try await execute(try #require(findings.first).remedy.prefixBeforeComma)
    #expect(try await self.findings(policy) == [])
  }
}

extension String {
  /// The statement of a remedy that goes on in words.
  fileprivate var prefixBeforeComma: String {
    String(prefix { $0 != "," })
  }
}
