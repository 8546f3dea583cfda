/// Rules about views and functions, which can run with their owner's rights instead of the caller's.
enum CodeRules {
  static let all = [view, materializedView, definerNotAllowed, definerWithoutSearchPath]

  private static let view = CatalogueRule(
    statement: """
      select format('%I.%I', n.nspname, c.relname) as name
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'v'
        and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and not exists (
          select from pg_depend d
          where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
        )
        and not exists (
          select from pg_options_to_table(c.reloptions) o
          where o.option_name = 'security_invoker' and o.option_value::boolean
        )
      order by name
      """,
    parameters: { _ in [] },
    finding: { row throws(AdminError) in
      let view = try row.text("name")
      return SecurityFinding(
        kind: .viewWithoutInvoker(view),
        problem: "view \(view) reads with its owner's rights, past row level security",
        remedy: "alter view \(view) set (security_invoker = on)")
    })

  /// A materialized view cannot have row level security.
  private static let materializedView = CatalogueRule(
    statement: """
      select distinct format('%I.%I', n.nspname, c.relname) as name
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join pg_roles r on r.rolname = any ($1::text[])
      where c.relkind = 'm' and n.nspname !~ '^pg_'
        and has_any_column_privilege(r.oid, c.oid, 'select')
      order by name
      """,
    parameters: { [$0.confinedRolesText] },
    finding: { row throws(AdminError) in
      let view = try row.text("name")
      return SecurityFinding(
        kind: .readableMaterializedView(view),
        problem: "materialized view \(view) shows its rows to every tenant",
        remedy: "revoke all on \(view) from public, \(ClusterRole.app.roleName)")
    })

  /// Functions with their owner's rights, extensions' apart; `$1` lists those that may exist.
  static let definerFunctions = """
    select format(
        '%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)
      ) as name,
      p.proowner as owner,
      exists (
        select from unnest(p.proconfig) as setting where setting like 'search_path=%'
      ) as is_pinned
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where p.prosecdef
      and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not exists (
        select from pg_depend d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
      )
    """

  private static let definerNotAllowed = CatalogueRule(
    statement: """
      select name
      from (\(definerFunctions)) as f
      where name <> all ($1::text[])
      order by name
      """,
    parameters: { [$0.definerFunctionsText] },
    finding: { row throws(AdminError) in
      let function = try row.text("name")
      return SecurityFinding(
        kind: .definerFunctionNotAllowed(function),
        problem: "function \(function) runs with its owner's rights and is not declared",
        remedy: "alter function \(function) security invoker")
    })

  private static let definerWithoutSearchPath = CatalogueRule(
    statement: """
      select name
      from (\(definerFunctions)) as f
      where name = any ($1::text[]) and not is_pinned
      order by name
      """,
    parameters: { [$0.definerFunctionsText] },
    finding: { row throws(AdminError) in
      let function = try row.text("name")
      return SecurityFinding(
        kind: .definerFunctionWithoutSearchPath(function),
        problem: """
          function \(function) runs with its owner's rights on whatever tables its caller's \
          search_path names
          """,
        remedy: "alter function \(function) set search_path = pg_catalog, public, pg_temp")
    })
}
