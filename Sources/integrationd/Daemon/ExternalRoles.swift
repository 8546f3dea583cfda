internal import PostgresClient
internal import Reactor

/// The roles of the daemon in a database that was named: `integrationd_app` and
/// `integrationd_worker`, which nobody logs in as; the login of the connection string takes them on
/// (`set role`).
struct ExternalRoles {
  private static let names = [ClusterRole.app.roleName, ClusterRole.worker.roleName]

  /// Makes the roles that are missing and lets the login take them on.
  /// - Throws: ``DaemonFailure`` with the statements an administrator has to run, when the login
  ///   may not.
  func ensure(_ session: AdminSession, deadline: Deadline) async throws {
    let rows = try await session.query(
      """
      select count(*) filter (where pg_has_role(session_user, oid, 'member')) as usable,
        session_user as login
      from pg_roles
      where rolname in ($1, $2)
      """, Self.names.map { $0 }, deadline: deadline)
    guard let row = rows.first else { return }
    if try row.int("usable") == Self.names.count { return }
    do throws(AdminError) {
      try await session.execute(
        Self.names.map(Self.make).joined(separator: "\n"), deadline: deadline)
    } catch {
      guard error.sqlState == "42501" else { throw error }
      let login = try row.text("login")
      throw DaemonFailure(
        .unavailable,
        """
        the roles of integrationd are missing and "\(login)" may not make them; as a superuser run
        \(Self.statements(for: login))
        """)
    }
  }

  /// What an administrator runs once for a login.
  private static func statements(for login: String) -> String {
    let login = "\"" + login.replacing("\"", with: "\"\"") + "\""
    return names.map { "  create role \($0) nologin;\n  grant \($0) to \(login);" }
      .joined(separator: "\n")
  }

  /// Two daemons may do this at once.
  private static func make(_ name: String) -> String {
    """
    do $$
    begin
      if not exists (select from pg_roles where rolname = '\(name)') then
        create role \(name) nologin nosuperuser nobypassrls nocreaterole nocreatedb;
      end if;
    exception
      when duplicate_object or unique_violation then null;
    end $$;
    do $$
    begin
      if not pg_has_role(session_user, '\(name)', 'member') then
        execute format('grant \(name) to %I', session_user);
      end if;
    exception
      when unique_violation then null;
    end $$;
    """
  }
}
