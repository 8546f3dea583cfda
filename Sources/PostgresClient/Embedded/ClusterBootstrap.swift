internal import Reactor

/// Makes sure that roles and database of a cluster are there. Runs at each start, so that a crash
/// after any statement is mended by the next; on a complete cluster it is two queries.
struct ClusterBootstrap {
  static let database = "integrationd"

  /// - Parameter session: as superuser.
  func run(_ session: AdminSession, deadline: Deadline) async throws(AdminError) {
    let rows = try await session.query(
      """
      select
        (select count(*) from pg_roles where rolname = any ($1::text[])) as roles,
        exists (select from pg_database where datname = $2) as database
      """,
      [AdminArray.text(ClusterRole.created.map(\.roleName)), Self.database], deadline: deadline)
    guard let state = rows.first else { throw .unexpectedResult("no row") }
    if try state.int("roles") < ClusterRole.created.count {
      try await session.execute(Self.createRoles, deadline: deadline)
    }
    if try !state.bool("database") {
      try await session.execute(
        """
        create database \(Self.database)
          owner \(ClusterRole.owner.roleName) template template0 encoding 'UTF8'
        """, deadline: deadline)
    }
    try await restrict(session, deadline: deadline)
  }

  private static let createRoles =
    ClusterRole.created.map { role in
      """
      do $$ begin
        if not exists (select from pg_roles where rolname = '\(role.roleName)') then
          create role \(role.roleName) \(role.logsIn ? "login" : "nologin")
            nosuperuser nobypassrls nocreaterole nocreatedb;
        end if;
      end $$;
      """
    }.joined(separator: "\n")

  /// Nobody but our roles enters the database, and only the owner may make anything in it.
  private func restrict(_ session: AdminSession, deadline: Deadline) async throws(AdminError) {
    let app = ClusterRole.app.roleName
    let worker = ClusterRole.worker.roleName
    let rows = try await session.execute(
      """
      select has_database_privilege('\(app)', '\(Self.database)', 'connect')
        and has_database_privilege('\(worker)', '\(Self.database)', 'connect')
        and not has_database_privilege('\(app)', '\(Self.database)', 'temporary') as restricted
      """, deadline: deadline)
    if try rows.first?.bool("restricted") == true { return }
    try await session.execute(
      """
      revoke all on database \(Self.database) from public;
      grant connect on database \(Self.database) to \(app), \(worker);
      """, deadline: deadline)
  }
}
