/// Rules about who owns the tables and the functions with their owner's rights.
enum OwnerRules {
  static let all = [superuser, policyWithoutOwner]

  /// The remedy names every object, because `reassign owned` refuses what the first superuser of a
  /// server has and leaves policies with the role they were made for: the functions with their
  /// owner's rights would find no row any more.
  private static let superuser = CatalogueRule(
    statement: """
      with owner as (
        select distinct r.oid, r.rolname
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        join pg_roles r on r.oid = c.relowner
        where c.relkind in ('r', 'p') and c.relname = $1 and n.nspname !~ '^pg_' and r.rolsuper
      ), place as (
        select oid, nspname, nspowner
        from pg_namespace
        where nspname !~ '^pg_' and nspname <> 'information_schema'
      ), extension as (
        select classid, objid from pg_depend where deptype = 'e'
      ), step (owner, rank, statement) as (
        select o.oid, 1, format('alter schema %I owner to %I', n.nspname, $2::text)
        from owner o
        join place n on n.nspowner = o.oid
        where n.nspname <> 'public'
        union all
        select o.oid, 2, format('alter table %I.%I owner to %I', n.nspname, c.relname, $2::text)
        from owner o
        join pg_class c on c.relowner = o.oid and c.relkind in ('r', 'p', 'v', 'm')
        join place n on n.oid = c.relnamespace
        where ('pg_class'::regclass, c.oid) not in (table extension)
        union all
        select o.oid, 3, format('alter type %I.%I owner to %I', n.nspname, t.typname, $2::text)
        from owner o
        join pg_type t on t.typowner = o.oid and t.typtype in ('d', 'e')
        join place n on n.oid = t.typnamespace
        where ('pg_type'::regclass, t.oid) not in (table extension)
        union all
        select o.oid, 4,
          format(
            'alter routine %I.%I(%s) owner to %I', n.nspname, p.proname,
            pg_get_function_identity_arguments(p.oid), $2::text
          )
        from owner o
        join pg_proc p on p.proowner = o.oid
        join place n on n.oid = p.pronamespace
        where ('pg_proc'::regclass, p.oid) not in (table extension)
        union all
        select o.oid, 5,
          format(
            'alter policy %I on %I.%I to %s', p.polname, n.nspname, c.relname,
            (
              select string_agg(
                case when r.oid = o.oid then quote_ident($2::text) else quote_ident(r.rolname) end, ', '
              )
              from pg_roles r
              where r.oid = any (p.polroles)
            )
          )
        from owner o
        join pg_policy p on o.oid = any (p.polroles)
        join pg_class c on c.oid = p.polrelid
        join place n on n.oid = c.relnamespace
      )
      select o.rolname,
        exists (select from pg_roles where rolname = $2::text) as found,
        string_agg(s.statement, e';\\n' order by s.rank, s.statement) as statements
      from owner o
      join step s on s.owner = o.oid
      group by o.oid, o.rolname
      order by o.rolname
      """,
    parameters: { _ in [MigrationHistory.table, ClusterRole.owner.roleName] },
    finding: { row throws(AdminError) in
      let role = try row.text("rolname")
      let heir = ClusterRole.owner.roleName
      let first = try row.bool("found") ? "" : "create role \(heir) login;\n"
      return SecurityFinding(
        kind: .ownerIsSuperuser(role),
        problem: "the tables belong to \(role), a superuser, whom no policy holds",
        remedy: """
          \(first)grant \(ClusterRole.app.roleName), \(ClusterRole.worker.roleName) to \(heir);
          \(try row.text("statements"));
          -- and let the daemon log in as \(heir)
          """)
    })

  /// A function with its owner's rights sees, under forced row level security, what the policies for
  /// its owner let it see. Those are told by their names: ``SecurityPolicy/ownerPolicyPrefix``.
  private static let policyWithoutOwner = CatalogueRule(
    statement: """
      with owner as (
        select distinct r.oid, r.rolname
        from (\(CodeRules.definerFunctions)) as f
        join pg_roles r on r.oid = f.owner
        where f.name = any ($1::text[]) and not r.rolsuper and not r.rolbypassrls
      )
      select format('%I.%I', n.nspname, c.relname) as table, quote_ident(p.polname) as policy,
        string_agg(quote_ident(o.rolname), ', ' order by o.rolname) as owners
      from pg_policy p
      join pg_class c on c.oid = p.polrelid
      join pg_namespace n on n.oid = c.relnamespace
      cross join owner o
      where starts_with(p.polname, $2) and 0 <> all (p.polroles)
      group by n.nspname, c.relname, p.polname, p.polroles
      having not p.polroles @> array_agg(o.oid)
      order by 1, 2
      """,
    parameters: { [$0.definerFunctionsText, SecurityPolicy.ownerPolicyPrefix] },
    finding: { row throws(AdminError) in
      let table = try row.text("table")
      let policy = try row.text("policy")
      let owners = try row.text("owners")
      return SecurityFinding(
        kind: .policyWithoutOwner(table: table, policy: policy),
        problem: """
          policy \(policy) of \(table) is not for \(owners), whose functions need it: they find no \
          row, and no API key verifies
          """,
        remedy: "alter policy \(policy) on \(table) to \(owners)")
    })
}
