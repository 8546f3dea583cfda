import PostgresClient
import Reactor
import TestSupport
import Testing

@Suite("Roles of a database that somebody else administers")
struct RolesTests {
  private static let dropRoles = """
    drop owned by integrationd_app, integrationd_worker;
    drop role integrationd_app, integrationd_worker, integrationd_publisher
    """

  private static func ensure(_ conninfo: String) async throws {
    let session = try await AdminSession.open(conninfo, deadline: .within(.seconds(120)))
    try await Roles(session).ensure(deadline: .within(.seconds(120)))
    #expect(try await Roles(session).missing(deadline: .within(.seconds(120))) == [])
    await session.close()
  }

  private static func withoutRoles() async throws -> TestCluster {
    let server = try await TestCluster.start()
    try await server.execute(dropRoles, in: EmbeddedCluster.databaseName)
    return server
  }

  @Test("are made by a login that may make roles, who then can become them")
  func permitted() async throws {
    let server = try await Self.withoutRoles()
    try await server.execute("alter role integrationd_owner createrole")
    let conninfo = server.cluster.connectionString(for: .owner)
    try await withThrowingTaskGroup { group in
      for _ in 0..<4 {
        group.addTask { try await Self.ensure(conninfo) }
      }
      try await group.waitForAll()
    }
    for role in ["integrationd_app", "integrationd_worker"] {
      try await server.execute(
        "set role \(role)", in: EmbeddedCluster.databaseName, as: .owner)
    }
    let rows = try await server.execute(
      """
      select from pg_roles
      where rolname in ('integrationd_app', 'integrationd_worker', 'integrationd_publisher')
        and not rolcanlogin and not rolsuper and not rolbypassrls
      """)
    #expect(rows.count == 3)
    // Nobody takes this one on, so that nobody has to be in it.
    await #expect(throws: AdminError.self) {
      try await server.execute(
        "set role integrationd_publisher", in: EmbeddedCluster.databaseName, as: .owner)
    }
  }

  @Test("are left to an administrator otherwise, with the statements that do it")
  func notPermitted() async throws {
    let server = try await Self.withoutRoles()
    let conninfo = server.cluster.connectionString(for: .owner)
    let error = await #expect(throws: RolesError.self) {
      try await Self.ensure(conninfo)
    }
    guard case .notPermitted(let sql) = try #require(error) else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(
      sql == [
        "create role integrationd_app nologin nosuperuser nobypassrls",
        "grant integrationd_app to integrationd_owner",
        "create role integrationd_worker nologin nosuperuser nobypassrls",
        "grant integrationd_worker to integrationd_owner",
        "create role integrationd_publisher nologin nosuperuser nobypassrls",
      ])
    #expect("\(try #require(error))".contains("  grant integrationd_app to integrationd_owner;"))
    for statement in sql { try await server.execute(statement) }
    try await Self.ensure(conninfo)
  }

  @Test("of a session that is over say so")
  func closed() async throws {
    let server = try await TestCluster.shared()
    let session = try await AdminSession.open(
      server.cluster.connectionString(for: .owner), deadline: .within(.seconds(120)))
    await session.close()
    await #expect(throws: RolesError.database(.closed)) {
      try await Roles(session).ensure(deadline: .within(.seconds(5)))
    }
  }
}
