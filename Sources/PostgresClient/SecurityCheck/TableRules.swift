/// Rules about the tables that hold rows of tenants: those with a column `tenant_id`, and those the
/// ``SecurityPolicy`` names.
enum TableRules {
  static let all = [disabled, notForced, noPolicy, openPolicy, unique, foreignKey]

  /// Begins each statement; `$1` and `$2` are the tables and columns that the policy names.
  private static let tenantTables = """
    with tenant_tables as (
      select c.oid, a.attnum, format('%I.%I', n.nspname, c.relname) as name, c.relrowsecurity,
        c.relforcerowsecurity
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      left join unnest($1::text[], $2::text[]) as named (relation, col) on named.relation = c.relname
      join pg_attribute a
        on a.attrelid = c.oid and a.attname = coalesce(named.col, 'tenant_id')
          and not a.attisdropped
      where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    )
    """

  private static let tenantParameters: @Sendable (SecurityPolicy) -> [String?] = {
    [$0.tenantTablesText, $0.tenantColumnsText]
  }

  private static let disabled = CatalogueRule(
    statement: """
      \(tenantTables)
      select name from tenant_tables where not relrowsecurity order by name
      """,
    parameters: tenantParameters,
    finding: { row throws(AdminError) in
      let table = try row.text("name")
      return SecurityFinding(
        kind: .rowSecurityDisabled(table: table),
        problem: "\(table) has no row level security: every tenant's rows are open",
        remedy: "alter table \(table) enable row level security")
    })

  private static let notForced = CatalogueRule(
    statement: """
      \(tenantTables)
      select name from tenant_tables where not relforcerowsecurity order by name
      """,
    parameters: tenantParameters,
    finding: { row throws(AdminError) in
      let table = try row.text("name")
      return SecurityFinding(
        kind: .rowSecurityNotForced(table: table),
        problem: "row level security of \(table) does not hold its owner",
        remedy: "alter table \(table) force row level security")
    })

  private static let noPolicy = CatalogueRule(
    statement: """
      \(tenantTables)
      select name
      from tenant_tables t
      where not exists (select from pg_policy p where p.polrelid = t.oid)
      order by name
      """,
    parameters: tenantParameters,
    finding: { row throws(AdminError) in
      let table = try row.text("name")
      return SecurityFinding(
        kind: .noPolicy(table: table), problem: "\(table) has no policy",
        remedy: """
          create policy tenant on \(table) to \(ClusterRole.app.roleName) using (...), as the \
          migrations do for other tables
          """)
    })

  /// `using (true)` for a role that may see one tenant only, or for everybody.
  private static let openPolicy = CatalogueRule(
    statement: """
      \(tenantTables)
      select t.name, p.polname
      from tenant_tables t
      join pg_policy p on p.polrelid = t.oid
      where p.polpermissive
        and 'true' in (
          pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
        )
        and (
          0 = any (p.polroles)
          or exists (
            select from pg_roles r where r.oid = any (p.polroles) and r.rolname = any ($3::text[])
          )
        )
      order by t.name, p.polname
      """,
    parameters: { tenantParameters($0) + [$0.confinedRolesText] },
    finding: { row throws(AdminError) in
      let table = try row.text("name")
      let policy = try row.text("polname")
      return SecurityFinding(
        kind: .openPolicy(table: table, policy: policy),
        problem: "policy \(policy) opens every tenant's rows of \(table) to the application",
        remedy: "drop policy \(Identifier.quoted(policy)) on \(table)")
    })

  /// A duplicate that is refused tells one tenant about another.
  private static let unique = CatalogueRule(
    statement: """
      \(tenantTables)
      select t.name, i.relname as index
      from tenant_tables t
      join pg_index x on x.indrelid = t.oid
      join pg_class i on i.oid = x.indexrelid
      where x.indisunique and x.indkey[0] <> t.attnum and i.relname <> all ($3::text[])
      order by t.name, i.relname
      """,
    parameters: { tenantParameters($0) + [$0.uniqueExceptionsText] },
    finding: { row throws(AdminError) in
      let table = try row.text("name")
      let index = try row.text("index")
      return SecurityFinding(
        kind: .uniqueWithoutTenant(table: table, index: index),
        problem: """
          unique index \(index) of \(table) does not begin with the tenant: one tenant can find out \
          what another has
          """,
        remedy: "make it begin with tenant_id, or declare it an exception with its reason")
    })

  /// A reference without the tenant finds rows of others, whatever the policies say.
  private static let foreignKey = CatalogueRule(
    statement: """
      \(tenantTables)
      select t.name, c.conname
      from pg_constraint c
      join tenant_tables t on t.oid = c.conrelid
      join tenant_tables target on target.oid = c.confrelid
      where c.contype = 'f'
        and not exists (
          select
          from unnest(c.conkey, c.confkey) as pair (here, there)
          where pair.here = t.attnum and pair.there = target.attnum
        )
      order by t.name, c.conname
      """,
    parameters: tenantParameters,
    finding: { row throws(AdminError) in
      let table = try row.text("name")
      let constraint = try row.text("conname")
      return SecurityFinding(
        kind: .foreignKeyWithoutTenant(table: table, constraint: constraint),
        problem: "foreign key \(constraint) of \(table) can point to another tenant's row",
        remedy: "make it reference (tenant_id, id) with (tenant_id, ...)")
    })
}
