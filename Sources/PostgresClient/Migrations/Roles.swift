package import Reactor

/// The roles of a database that somebody else administers. (An embedded cluster brings its own.)
package enum Roles {
  /// The roles that requests and background work run as.
  private static let names = [ClusterRole.app.roleName, ClusterRole.worker.roleName]

  /// Makes the roles when they are missing, and lets the login become them. Safe when several
  /// daemons start at once.
  /// - Parameter conninfo: the login that owns the tables.
  /// - Throws: ``RolesError/notPermitted(sql:)`` when an administrator has to do it.
  package static func ensure(_ conninfo: String, deadline: Deadline) async throws(RolesError) {
    let refused: Result<[String], AdminError>
    do throws(AdminError) {
      let session = try await AdminSession.open(conninfo, deadline: deadline)
      do throws(AdminError) {
        refused = .success(try await mend(session, deadline))
      } catch {
        refused = .failure(error)
      }
      await session.close()
    } catch {
      throw .database(error)
    }
    switch refused {
    case .success(let sql) where sql.isEmpty: return
    case .success(let sql): throw .notPermitted(sql: sql)
    case .failure(let error): throw .database(error)
    }
  }

  /// - Returns: the statements that are needed and were refused.
  private static func mend(
    _ session: AdminSession, _ deadline: Deadline
  ) async throws(AdminError) -> [String] {
    var refused: [String] = []
    for statement in try await needed(session, deadline) {
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
    let left = try await needed(session, deadline)
    guard left.isEmpty else { throw .unexpectedResult("roles keep changing: \(left)") }
    return []
  }

  /// The statements that would make everything as it must be.
  private static func needed(
    _ session: AdminSession, _ deadline: Deadline
  ) async throws(AdminError) -> [String] {
    var statements: [String] = []
    for name in names {
      let rows = try await session.query(
        """
        select quote_ident(current_user) as login, r.oid is not null as found,
          case
            when r.oid is null then false
            when current_setting('server_version_num')::int >= 160000
              then pg_has_role(current_user, r.oid, 'SET')
            else pg_has_role(current_user, r.oid, 'MEMBER')
          end as member
        from (select) as one
        left join pg_roles r on r.rolname = $1
        """, [name], deadline: deadline)
      guard let row = rows.first else { throw .unexpectedResult("no row") }
      if try !row.bool("found") {
        statements.append("create role \(name) nologin nosuperuser nobypassrls")
      }
      if try !row.bool("member") { statements.append("grant \(name) to \(try row.text("login"))") }
    }
    return statements
  }
}
