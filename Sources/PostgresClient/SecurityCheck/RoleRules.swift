/// Rules about the roles that requests, background work and publishing services run as: row level
/// security does not hold superusers, `bypassrls` roles and, unless it is forced, owners.
enum RoleRules {
  static let all = [missing, superuser, bypass, owner, membership]

  private static let missing = CatalogueRule(
    statement: """
      select name
      from unnest($1::text[]) as name
      where not exists (select from pg_roles where rolname = name)
      order by name
      """,
    parameters: { [$0.runtimeRolesText] },
    finding: { row throws(AdminError) in
      let role = try row.text("name")
      return SecurityFinding(
        kind: .roleMissing(role), problem: "role \(role) does not exist",
        remedy: """
          create role \(Identifier.quoted(role)) nosuperuser nobypassrls nocreaterole nocreatedb
          """)
    })

  private static let superuser = CatalogueRule(
    statement: """
      select rolname
      from pg_roles
      where rolname = any ($1::text[]) and rolsuper
      order by rolname
      """,
    parameters: { [$0.runtimeRolesText] },
    finding: { row throws(AdminError) in
      let role = try row.text("rolname")
      return SecurityFinding(
        kind: .roleIsSuperuser(role),
        problem: "role \(role) is a superuser, whom row level security does not hold",
        remedy: "alter role \(Identifier.quoted(role)) nosuperuser")
    })

  private static let bypass = CatalogueRule(
    statement: """
      select rolname
      from pg_roles
      where rolname = any ($1::text[]) and rolbypassrls
      order by rolname
      """,
    parameters: { [$0.runtimeRolesText] },
    finding: { row throws(AdminError) in
      let role = try row.text("rolname")
      return SecurityFinding(
        kind: .roleBypassesRowSecurity(role),
        problem: "role \(role) bypasses row level security",
        remedy: "alter role \(Identifier.quoted(role)) nobypassrls")
    })

  private static let owner = CatalogueRule(
    statement: """
      select r.rolname, format('%I.%I', n.nspname, c.relname) as relation
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join pg_roles r on r.oid = c.relowner
      where r.rolname = any ($1::text[])
        and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
        and n.nspname !~ '^pg_'
      order by r.rolname, relation
      """,
    parameters: { [$0.runtimeRolesText] },
    finding: { row throws(AdminError) in
      let role = try row.text("rolname")
      let relation = try row.text("relation")
      return SecurityFinding(
        kind: .roleOwnsRelation(role: role, relation: relation),
        problem: "role \(role) owns \(relation) and can switch its row level security off",
        remedy: "alter table \(relation) owner to \(ClusterRole.owner.roleName)")
    })

  /// Directly or through other roles; the predefined roles named here reach the server's files or
  /// programs, and through them everything.
  private static let membership = CatalogueRule(
    statement: """
      with recursive reachable (role, target) as (
        select m.member, m.roleid
        from pg_auth_members m
        union
        select r.role, m.roleid
        from reachable r
        join pg_auth_members m on m.member = r.target
      )
      select distinct r.rolname as role, t.rolname as privileged
      from reachable
      join pg_roles r on r.oid = reachable.role
      join pg_roles t on t.oid = reachable.target
      where r.rolname = any ($1::text[])
        and (
          t.rolsuper
          or t.rolbypassrls
          or t.rolname in (
            'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'
          )
          or exists (
            select
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            where c.relowner = t.oid and c.relkind in ('r', 'p') and n.nspname !~ '^pg_'
              and n.nspname <> 'information_schema'
          )
        )
      order by role, privileged
      """,
    parameters: { [$0.runtimeRolesText] },
    finding: { row throws(AdminError) in
      let role = try row.text("role")
      let privileged = try row.text("privileged")
      return SecurityFinding(
        kind: .roleCanBecome(role: role, privileged: privileged),
        problem: "role \(role) can become \(privileged), whom row level security does not hold",
        remedy: """
          revoke \(Identifier.quoted(privileged)) from \(Identifier.quoted(role)), or from the role \
          between them
          """)
    })
}
