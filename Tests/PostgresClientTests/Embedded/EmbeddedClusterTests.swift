import Glibc
import PostgresClient
import Reactor
import TestSupport
import Testing

@Suite("Embedded cluster")
struct EmbeddedClusterTests {
  @Test("the first start makes a cluster with checksums, UTF-8, roles and database")
  func firstStart() async throws {
    let world = try await ClusterWorld(.nothing)
    let cluster = try await world.start()
    let settings = try await cluster.execute(
      """
      select current_setting('data_checksums') as checksums,
        current_setting('server_encoding') as encoding,
        current_setting('listen_addresses') as addresses,
        current_setting('log_parameter_max_length') as logged,
        current_setting('log_parameter_max_length_on_error') as logged_on_error,
        (select string_agg(rolname, ' ' order by rolname) from pg_roles
          where rolname like 'integrationd%' and rolcanlogin
            and not rolsuper and not rolbypassrls and not rolcreaterole) as roles,
        exists (
          select from pg_roles
          where rolname = 'integrationd_publisher'
            and not rolcanlogin and not rolsuper and not rolbypassrls and not rolcreaterole
        ) as publisher
      """)
    let row = try #require(settings.first)
    #expect(try row.text("checksums") == "on")
    #expect(try row.text("encoding") == "UTF8")
    #expect(try row.text("addresses") == "")
    #expect(try row.text("logged") == "0")
    #expect(try row.text("logged_on_error") == "0")
    #expect(
      try row.text("roles") == "integrationd_app integrationd_owner integrationd_worker")
    #expect(try row.bool("publisher"))
    #expect(!cluster.isAdopted)
    try await cluster.stop()
  }

  @Test("a cluster that an older daemon made gets the roles it lacks, unless it is left as found")
  func newRole() async throws {
    let world = try await ClusterWorld()
    let old = try await world.start()
    try await old.execute("drop role integrationd_publisher")
    #expect(EmbeddedCluster.exists(in: world.stateDirectory))
    try await old.stop()
    var configuration = world.configuration()
    configuration.setUp = .asFound
    let found = try await world.start(configuration)
    #expect(
      try await found.missing(deadline: .within(.seconds(120))) == [
        "create role integrationd_publisher nologin nosuperuser nobypassrls nocreaterole nocreatedb"
      ])
    try await found.stop()
    let cluster = try await world.start()
    #expect(try await cluster.missing(deadline: .within(.seconds(120))) == [])
    let rows = try await cluster.execute(
      "select from pg_roles where rolname = 'integrationd_publisher'")
    #expect(rows.count == 1)
    try await cluster.stop()
  }

  @Test("where there is no cluster, none is made to be looked at")
  func nothingFound() async throws {
    let world = try await ClusterWorld(.nothing)
    var configuration = world.configuration()
    configuration.setUp = .asFound
    #expect(!EmbeddedCluster.exists(in: world.stateDirectory))
    await #expect(throws: EmbeddedClusterError.notFound(dataDirectory: world.root + "/data")) {
      _ = try await world.start(configuration)
    }
    #expect(!EmbeddedCluster.exists(in: world.stateDirectory))
  }

  @Test("by default an acknowledged write survives a crash")
  func durable() async throws {
    let world = try await ClusterWorld()
    let cluster = try await world.start(.init(stateDirectory: world.stateDirectory))
    let rows = try await cluster.execute(
      """
      select current_setting('fsync') || current_setting('full_page_writes')
        || current_setting('synchronous_commit') as durable
      """)
    #expect(try rows.first?.text("durable") == "ononon")
    try await cluster.stop()
  }

  @Test("what was written is found again after a stop")
  func secondStart() async throws {
    let world = try await ClusterWorld()
    let first = try await world.start()
    try await first.execute("create table kept (id int)", as: .owner)
    let pid = first.serverProcessID
    try await first.stop()
    try await first.stop()
    #expect(!processExists(pid))
    let second = try await world.start()
    #expect(second.isAdopted == false)
    try await second.execute("select id from kept", as: .owner)
    try await second.stop()
  }

  @Test("only the owner may make tables, and nobody may leave the database for another role")
  func privileges() async throws {
    let world = try await ClusterWorld()
    let cluster = try await world.start()
    for role in [ClusterRole.app, .worker] {
      for sql in [
        "create table mine (id int)", "create temporary table mine (id int)", "set role postgres",
      ] {
        let refusal = await #expect(throws: AdminError.self) {
          try await cluster.execute(sql, as: role)
        }
        #expect(refusal?.sqlState == "42501")
      }
    }
    try await cluster.stop()
  }

  @Test("a server that outlives its killed daemon is taken over, its data with it")
  func adoption() async throws {
    let world = try await ClusterWorld()
    let configuration = world.configuration()
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [stateDirectory = configuration.stateDirectory as String] in
      try await killedDaemon(stateDirectory)
    }
    let cluster = try await world.start()
    #expect(cluster.isAdopted)
    #expect(try await cluster.execute("select id from kept", as: .owner).count == 1)
    // And from then on it is a server like any other.
    let pid = cluster.serverProcessID
    try await cluster.restart(.fast, deadline: .within(.seconds(120)))
    #expect(!cluster.isAdopted)
    #expect(cluster.serverProcessID != pid)
    try await cluster.stop()
  }

  @Test("an adopted server that dies is started again")
  func adoptedDies() async throws {
    let world = try await ClusterWorld()
    let (pid, _) = try await abandonedServer(in: world)
    let cluster = try await world.start()
    #expect(cluster.isAdopted)
    #expect(cluster.serverProcessID == pid)
    try await withSupervision(of: cluster) {
      kill(pid, SIGKILL)
      try await eventually { cluster.serverProcessID != pid }
    }
    try await cluster.execute("select 1")
    try await cluster.stop()
  }

  @Test("a server that is going down is waited for, not taken over")
  func stoppingServer() async throws {
    let world = try await ClusterWorld()
    let (pid, conninfo) = try await abandonedServer(in: world)
    let session = try await AdminSession.open(conninfo, deadline: .within(.seconds(120)))
    // "Smart": waits for the session to end.
    kill(pid, SIGTERM)
    let root = world.root
    try await eventually {
      try await world.shell("cat \(root)/data/postmaster.pid").contains("stopping")
    }
    let second = try await world.start()
    #expect(!second.isAdopted)
    #expect(second.serverProcessID != pid)
    await session.close()
    try await second.stop()
  }

  @Test("a server whose state directory was moved is started anew in the new place")
  func moved() async throws {
    let world = try await ClusterWorld()
    let (pid, _) = try await abandonedServer(in: world)
    let moved = world.directory.path + "/moved"
    try await world.shell("mv \(world.stateDirectory) \(moved)")
    var configuration = world.configuration()
    configuration.stateDirectory = moved
    let cluster = try await world.start(configuration)
    #expect(!cluster.isAdopted)
    #expect(!processExists(pid))
    try await cluster.stop()
  }

  @Test("of two daemons on one state directory the second is refused")
  func twoDaemons() async throws {
    let world = try await ClusterWorld()
    let results = await withTaskGroup { group in
      for _ in 0..<2 {
        group.addTask { () -> Result<EmbeddedCluster, EmbeddedClusterError> in
          do throws(EmbeddedClusterError) {
            return .success(try await world.start())
          } catch {
            return .failure(error)
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    let winners = results.compactMap { try? $0.get() }
    #expect(winners.count == 1)
    for case .failure(let error) in results {
      #expect(error == .stateDirectoryInUse(world.stateDirectory))
    }
    try await winners.first?.stop()
  }

  @Test("a stop in a cancelled task stops the server all the same")
  func cancelledStop() async throws {
    let world = try await ClusterWorld()
    let cluster = try await world.start()
    let pid = cluster.serverProcessID
    try await withThrowingTaskGroup { group in
      group.addTask {
        // Ends by cancellation only.
        try? await Task.sleep(for: .seconds(3600))
        try await cluster.stop()
      }
      group.cancelAll()
      try await group.waitForAll()
    }
    #expect(!processExists(pid))
  }
}

/// The body of a daemon that is killed while it runs.
private func killedDaemon(_ stateDirectory: String) async throws {
  let loops = try EventLoopGroup(count: 1, name: "killed-daemon")
  let cluster = try await EmbeddedCluster.start(
    .init(stateDirectory: stateDirectory, durability: .volatile), on: loops.loops[0],
    logger: .init(label: "killed-daemon"))
  try await cluster.execute("create table kept as select 1 as id", as: .owner)
  kill(getpid(), SIGKILL)
}

/// Starts a server and lets it go without a stop: to the next daemon it is one whose daemon was
/// killed.
private func abandonedServer(
  in world: ClusterWorld
) async throws -> (pid: Int32, conninfo: String) {
  let cluster = try await world.start()
  return (cluster.serverProcessID, cluster.connectionString(for: .superuser))
}
