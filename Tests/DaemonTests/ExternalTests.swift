import FoundationEssentials
import IntegrationClient
import PostgresClient
import Reactor
import TestSupport
import Testing

@Suite("The daemon on a database it was given")
struct ExternalTests {
  @Test("two daemons that start at once on an empty database both serve it")
  func two() async throws {
    let home = try await DaemonHome()
    let database = try await ExternalDatabase()
    let options = try await database.options(home)
    async let left = home.start(options, name: "left")
    async let right = home.start(options, name: "right")
    let (one, two) = try await (left, right)
    try await one.untilReady()
    try await two.untilReady()
    let created = try await one.client.tenants.createTenant(
      CreateTenantRequest(displayName: "Shared", idempotencyKey: "k"))
    let id = try #require(created.tenant?.tenantId)
    #expect(
      try await two.client.tenants.getTenant(GetTenantRequest(tenantId: id)).tenant
        == created.tenant)
    #expect(
      try await two.client.tenants.createTenant(
        CreateTenantRequest(displayName: "Shared", idempotencyKey: "k")) == created)
    try await one.stop()
    try await two.stop()
  }

  @Test("SIGTERM lets a running call finish, refuses new ones and ends with 0")
  func drain() async throws {
    let home = try await DaemonHome()
    let database = try await ExternalDatabase()
    let daemon = try await home.start(try await database.options(home))
    try await daemon.untilReady()
    let id = try await makeTenant(daemon)
    let lock = try await Lock(id, database.store)
    async let suspended = daemon.client.tenants.suspendTenant(
      SuspendTenantRequest(tenantId: id, reason: "unpaid"))
    try await eventually { try await lock.hasWaiter() }
    var states = try await daemon.client.grpcHealth.watch(HealthCheckRequest()).makeAsyncIterator()
    #expect(try await states.next()?.status == .serving)
    daemon.signal(.terminate)
    #expect(try await states.next()?.status == .notServing)
    do {
      _ = try await states.next()
      Issue.record("the stream did not end with a status")
    } catch {
      #expect(error.code == .unavailable)
    }
    try await eventually { !FileManager.default.fileExists(atPath: daemon.socket) }
    try await lock.release()
    #expect(try await suspended.tenant?.state == .suspended)
    #expect(try await daemon.exit() == .exited(code: 0))
  }

  @Test("a second SIGTERM cuts off what still runs")
  func secondSignal() async throws {
    let home = try await DaemonHome()
    let database = try await ExternalDatabase()
    let daemon = try await home.start(try await database.options(home))
    try await daemon.untilReady()
    let id = try await makeTenant(daemon)
    let lock = try await Lock(id, database.store)
    async let suspended = daemon.client.tenants.suspendTenant(
      SuspendTenantRequest(tenantId: id, reason: "unpaid"))
    try await eventually { try await lock.hasWaiter() }
    daemon.signal(.terminate)
    try await eventually { daemon.errors.contains("calls that run may finish") }
    try await eventually {
      daemon.signal(.terminate)
      return daemon.errors.contains("stopping now")
    }
    do {
      _ = try await suspended
      Issue.record("the call was not cut off")
    } catch let error as RPCError {
      #expect(error.code == .unavailable)
    }
    #expect(try await daemon.exit() == .exited(code: 0), "\(daemon.errors)")
    try await lock.release()
  }

  @Test("while the database is away calls end with UNAVAILABLE, and it recovers by itself")
  func outage() async throws {
    let home = try await DaemonHome()
    let database = try await ExternalDatabase()
    let daemon = try await home.start(try await database.options(home))
    try await daemon.untilReady()
    let id = try await makeTenant(daemon)
    let states = try await daemon.client.grpcHealth.watch(
      HealthCheckRequest(service: TenantServiceClient.service))
    var changes = states.makeAsyncIterator()
    #expect(try await changes.next()?.status == .serving)

    let server = database.store.server
    let name = database.store.name
    try await server.execute("alter database \(name) with allow_connections false")
    try await database.store.terminateBackends()
    #expect(try await changes.next()?.status == .notServing)
    let error = await #expect(throws: RPCError.self) {
      try await daemon.client.tenants.getTenant(
        GetTenantRequest(tenantId: id), options: CallOptions(timeout: .seconds(20)))
    }
    #expect(error?.code == .unavailable)
    let health = try await daemon.client.health.getHealth(GetHealthRequest())
    #expect(health.state == .unhealthy)
    #expect(health.components.first { $0.name == "database" }?.message.isEmpty == false)

    try await server.execute("alter database \(name) with allow_connections true")
    #expect(try await changes.next()?.status == .serving)
    #expect(
      try await daemon.client.tenants.getTenant(GetTenantRequest(tenantId: id)).tenant?.tenantId
        == id)
    #expect(try await daemon.stop() == .exited(code: 0))
  }

  @Test("a killed daemon's socket is taken over, a live one's is not")
  func sockets() async throws {
    let home = try await DaemonHome()
    let database = try await ExternalDatabase()
    let options = try await database.options(home)
    let first = try await home.start(options)
    try await first.untilReady()
    let rival = try await home.start(options + ["--state-dir", home.path + "/b"])
    #expect(try await rival.exit() == .exited(code: 73))
    #expect(rival.errors.contains("cannot listen at"))
    let twin = try await home.start(options + ["--socket", home.path + "/b.sock"])
    #expect(try await twin.exit() == .exited(code: 73))
    #expect(twin.errors.contains("another integrationd"))
    first.signal(.kill)
    try await first.exit()
    let second = try await home.start(options)
    try await second.untilReady()
    try await second.stop()
  }

  @Test("a login that may not make the roles is told the statements that do")
  func roles() async throws {
    let home = try await DaemonHome()
    let server = try await TestCluster.start()
    try await server.execute("create database mine owner integrationd_owner")
    let daemon = try await home.start(
      ["--database-url", server.cluster.connectionString(for: .owner, database: "mine")])
    #expect(try await daemon.exit() == .exited(code: 69))
    #expect(daemon.errors.contains("  grant integrationd_app to integrationd_owner;\n"))
  }

  @Test("a login that may make roles does, and the daemon serves")
  func makesRoles() async throws {
    let home = try await DaemonHome()
    let server = try await TestCluster.start()
    try await server.execute("create database mine")
    // As on a server that has never seen a daemon.
    try await server.execute(
      """
      drop owned by integrationd_app, integrationd_worker;
      drop role integrationd_app, integrationd_worker, integrationd_publisher
      """, in: "integrationd")
    let superuser = server.cluster.connectionString(for: .superuser, database: "mine")
    let keyring = home.path + "/keyring.json"
    _ = try await home.run(["keyring", "init", "--keyring", keyring])
    // The directory of a socket is made when it is missing.
    let daemon = try await home.start(
      ["--database-url", superuser, "--keyring", keyring],
      socket: home.path + "/new/directory/daemon.sock")
    try await daemon.untilReady()
    #expect(try await daemon.stop() == .exited(code: 0))
    #expect(daemon.errors.contains("a superuser"))
    #expect(daemon.errors.contains("remedy=\"integrationd check prints the statements\""))
  }

  @Test("a login that may make roles and nothing more serves")
  func createRole() async throws {
    let home = try await DaemonHome()
    let server = try await TestCluster.start()
    try await server.execute("create database mine owner integrationd_owner")
    try await server.execute(
      """
      drop owned by integrationd_app, integrationd_worker;
      drop role integrationd_app, integrationd_worker, integrationd_publisher;
      alter role integrationd_owner createrole
      """, in: "integrationd")
    let keyring = home.path + "/keyring.json"
    _ = try await home.run(["keyring", "init", "--keyring", keyring])
    let daemon = try await home.start(
      [
        "--database-url", server.cluster.connectionString(for: .owner, database: "mine"),
        "--keyring", keyring,
      ])
    try await daemon.untilReady()
    _ = try await makeTenant(daemon)
    #expect(try await daemon.stop() == .exited(code: 0))
  }

  private func makeTenant(_ daemon: DaemonProcess) async throws -> String {
    let created = try await daemon.client.tenants.createTenant(
      CreateTenantRequest(displayName: "Example"))
    return try #require(created.tenant?.tenantId)
  }

  /// Holds a tenant's row, so that a call stands still where the test wants it.
  private struct Lock {
    private let session: AdminSession
    private let store: TestDatabase

    init(_ tenant: String, _ store: TestDatabase) async throws {
      self.store = store
      session = try await AdminSession.open(
        store.connectionString(for: .superuser), deadline: .within(.seconds(120)))
      try await session.execute(
        "begin; select id from integrationd.tenants where id = '\(tenant)' for update",
        deadline: .within(.seconds(120)))
    }

    func hasWaiter() async throws -> Bool {
      let rows = try await store.execute(
        """
        select exists (
          select from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'
        ) as waits
        """)
      return try rows.first?.bool("waits") == true
    }

    func release() async throws {
      try await session.execute("commit", deadline: .within(.seconds(120)))
      await session.close()
    }
  }
}
