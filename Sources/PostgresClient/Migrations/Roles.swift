package import Reactor

/// The roles of a database that somebody else administers. (An embedded cluster brings its own.)
package struct Roles: Sendable {
  /// What the login of the daemon becomes, with `set role`.
  private static let takenOn: [ClusterRole] = [.app, .worker]
  /// What migrations grant to and the daemon never becomes.
  private static let named: [ClusterRole] = [.publisher]

  private let session: AdminSession

  /// - Parameter session: of the login that owns the tables.
  package init(_ session: AdminSession) {
    self.session = session
  }

  /// Makes the roles when they are missing, and lets the login become those it has to. Safe when
  /// several daemons start at once.
  /// - Throws: ``RolesError/notPermitted(sql:)`` when an administrator has to do it.
  package func ensure(deadline: Deadline) async throws(RolesError) {
    let refused: [String]
    do throws(AdminError) {
      refused = try await mend(deadline)
    } catch {
      throw .database(error)
    }
    if !refused.isEmpty { throw .notPermitted(sql: refused) }
  }

  /// The statements that would make everything as it must be, in their order. Changes nothing.
  package func missing(deadline: Deadline) async throws(AdminError) -> [String] {
    var statements: [String] = []
    for role in Self.takenOn + Self.named {
      // Version 16 lets whoever makes a role administer it, and no longer become it.
      let rows = try await session.query(
        """
        select quote_ident(session_user) as login, r.oid is not null as found,
          case
            when r.oid is null then false
            when current_setting('server_version_num')::int >= 160000
              then pg_has_role(session_user, r.oid, 'SET')
            else pg_has_role(session_user, r.oid, 'MEMBER')
          end as member
        from (select) as one
        left join pg_roles r on r.rolname = $1
        """, [role.roleName], deadline: deadline)
      guard let row = rows.first else { throw .unexpectedResult("no row") }
      if try !row.bool("found") {
        statements.append("create role \(role.roleName) nologin nosuperuser nobypassrls")
      }
      if Self.takenOn.contains(role), try !row.bool("member") {
        statements.append("grant \(role.roleName) to \(try row.text("login"))")
      }
    }
    return statements
  }

  /// - Returns: the statements that are needed and were refused.
  private func mend(_ deadline: Deadline) async throws(AdminError) -> [String] {
    var refused: [String] = []
    for statement in try await missing(deadline: deadline) {
      do throws(AdminError) {
        try await session.execute(statement, deadline: deadline)
      } catch {
        switch error.sqlState {
        // insufficient_privilege; a role that was refused is missing for its grant.
        case "42501", "42704": refused.append(statement)
        // duplicate_object, unique_violation, "tuple concurrently updated": another daemon does it.
        case "42710", "23505", "XX000": continue
        default: throw error
        }
      }
    }
    guard refused.isEmpty else { return refused }
    // Whatever another daemon was doing meanwhile must have come to the same.
    let left = try await missing(deadline: deadline)
    guard left.isEmpty else { throw .unexpectedResult("roles keep changing: \(left)") }
    return []
  }
}
