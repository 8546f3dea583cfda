internal import Reactor

/// Makes sure that roles and database of a cluster are there. Runs at each start, so that a crash
/// after any statement is mended by the next; on a complete cluster it is two queries.
struct ClusterBootstrap {
  static let database = "integrationd"

  /// - Parameter session: as superuser.
  func run(_ session: AdminSession, deadline: Deadline) async throws(AdminError) {
    for statement in try await missing(session, deadline: deadline) {
      try await session.execute(statement, deadline: deadline)
    }
    try await restrict(session, deadline: deadline)
  }

  /// The statements that would make what is not there, in their order. Changes nothing.
  func missing(_ session: AdminSession, deadline: Deadline) async throws(AdminError) -> [String] {
    let names = ClusterRole.created.map(\.roleName)
    let rows = try await session.query(
      """
      select
        array(select rolname from pg_roles where rolname = any ($1::text[]))::text as roles,
        exists (select from pg_database where datname = $2) as database
      """, [AdminArray.text(names), Self.database], deadline: deadline)
    guard let state = rows.first else { throw .unexpectedResult("no row") }
    // Our names need no quotes, neither in an array nor in a statement.
    let found = Set(try state.text("roles").split { "{,}".contains($0) }.map(String.init))
    var statements = ClusterRole.created.filter { !found.contains($0.roleName) }.map { role in
      "create role \(role.roleName) \(role.logsIn ? "login" : "nologin") nosuperuser nobypassrls "
        + "nocreaterole nocreatedb"
    }
    if try !state.bool("database") {
      statements.append(
        "create database \(Self.database) owner \(ClusterRole.owner.roleName) template template0 "
          + "encoding 'UTF8'")
    }
    return statements
  }

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
