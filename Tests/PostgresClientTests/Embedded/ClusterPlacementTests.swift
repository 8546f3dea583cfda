import FoundationEssentials
import Glibc
import PostgresClient
import Reactor
import TestSupport
import Testing

@Suite("Where and as whom an embedded cluster runs")
struct ClusterPlacementTests {
  @Test(
    "any state directory will do, whatever its name",
    arguments: ["plain", "with space", "it's \"quoted\"", #"back\slash"#, "ünï", "comma,semi;"])
  func oddNames(name: String) async throws {
    let world = try await ClusterWorld(.nothing)
    var configuration = world.configuration()
    configuration.stateDirectory = world.directory.path + "/" + name
    try await ClusterTemplate.instance.copy(to: configuration.stateDirectory, on: world.loop)
    let cluster = try await world.start(configuration)
    try await cluster.execute("select 1", as: .app)
    try await cluster.stop()
  }

  @Test("with a path too long for a socket address, the socket lies elsewhere, as private")
  func longPath() async throws {
    let world = try await ClusterWorld(.nothing)
    var configuration = world.configuration()
    configuration.stateDirectory =
      world.directory.path + "/" + String(repeating: "long-", count: 20) + "/state"
    let cluster = try await world.start(configuration)
    let conninfo = cluster.connectionString(for: .app)
    #expect(!conninfo.contains("long-"))
    let directory = try #require(conninfo.split(separator: "'").dropFirst().first.map(String.init))
    let mode = try await world.shell("stat -c %a \(directory)")
    #expect(mode == "700\n")
    try await cluster.execute("select 1", as: .app)
    try await cluster.stop()
    rmdir(directory)
  }

  @Test("the files are the server's own or the daemon's, and nobody else's")
  func permissions() async throws {
    let world = try await ClusterWorld()
    let cluster = try await world.start()
    let modes = try await world.shell(
      "cd \(world.root) && stat -c '%n %a' data run postgresql.conf pg_hba.conf pg_ident.conf *.log"
    )
    let asRoot = geteuid() == 0
    #expect(
      modes == """
        data 700
        run 700
        postgresql.conf \(asRoot ? 640 : 600)
        pg_hba.conf \(asRoot ? 640 : 600)
        pg_ident.conf \(asRoot ? 640 : 600)
        postgres.log 600

        """)
    try await cluster.stop()
  }

  @Test("started by root, the server runs as an unprivileged user", .enabled(if: geteuid() == 0))
  func root() async throws {
    let world = try await ClusterWorld()
    let cluster = try await world.start()
    let user = try await world.shell("ps -o user= -p \(cluster.serverProcessID)")
    #expect(user == "postgres\n")
    try await cluster.stop()
  }

  @Test(
    "started by a user, the server runs as that user, whom alone it lets in",
    .enabled(if: geteuid() == 0))
  func unprivileged() async throws {
    let world = try await ClusterWorld(.nothing)
    let home = world.directory.path + "/nobody"
    try await world.shell("install -d -o nobody -g nogroup -m 755 \(home)")
    await #expect(processExitsWith: .success) { [home = home as String] in
      try becomeNobody()
      let loops = try EventLoopGroup(count: 1, name: "unprivileged")
      let cluster = try await EmbeddedCluster.start(
        .init(stateDirectory: home + "/state", durability: .volatile), on: loops.loops[0],
        logger: .init(label: "unprivileged"))
      try await cluster.execute("create table mine (id int)", as: .owner)
      try await cluster.stop()
      let again = try await EmbeddedCluster.start(
        .init(stateDirectory: home + "/state", durability: .volatile), on: loops.loops[0],
        logger: .init(label: "unprivileged"))
      try await again.execute("select id from mine", as: .owner)
    }
    // The daemon is gone, its server is not: root takes it over as the user it belongs to, but
    // does not get in, for only that user is in the map until the map is written again.
    var configuration = world.configuration()
    configuration.stateDirectory = home + "/state"
    let cluster = try await world.start(configuration)
    #expect(cluster.isAdopted)
    try await cluster.execute("select id from mine", as: .owner)
    #expect(try await world.shell("ps -o user= -p \(cluster.serverProcessID)") == "nobody\n")

    // And now root alone is.
    let conninfo = cluster.connectionString(for: .superuser)
    await #expect(processExitsWith: .success) { [conninfo = conninfo as String] in
      try becomeNobody()
      let error = await #expect(throws: AdminError.self) {
        try await AdminSession.open(conninfo, deadline: .within(.seconds(120)))
      }
      #expect("\(try #require(error))".contains("eer authentication failed"))
    }
    try await cluster.stop()
  }

  @Test("a named user runs the server", .enabled(if: geteuid() == 0))
  func namedUser() async throws {
    let world = try await ClusterWorld(.nothing)
    var configuration = world.configuration()
    configuration.user = .named("nobody")
    let cluster = try await world.start(configuration)
    #expect(try await world.shell("ps -o user= -p \(cluster.serverProcessID)") == "nobody\n")
    try await cluster.stop()
    configuration.user = .named("nobody-by-that-name")
    await #expect(
      throws: EmbeddedClusterError.noUnprivilegedUser(tried: ["nobody-by-that-name"])
    ) {
      try await world.start(configuration)
    }
  }

  @Test("a user id without a name is told that PostgreSQL refuses it", .enabled(if: geteuid() == 0))
  func nameless() async throws {
    await #expect(processExitsWith: .success) {
      #expect(setgid(54_321) == 0 && setuid(54_321) == 0)
      let loops = try EventLoopGroup(count: 1, name: "nameless")
      await #expect(throws: EmbeddedClusterError.namelessUser(id: 54_321)) {
        try await EmbeddedCluster.start(
          .init(stateDirectory: "/tmp/never-made"), on: loops.loops[0],
          logger: .init(label: "nameless"))
      }
    }
  }

  @Test("a closed directory above the cluster is named", .enabled(if: geteuid() == 0))
  func notTraversable() async throws {
    let world = try await ClusterWorld(.nothing)
    let closed = world.directory.path + "/closed"
    mkdir(closed, 0o700)
    var configuration = world.configuration()
    configuration.stateDirectory = closed + "/state"
    await #expect(
      throws: EmbeddedClusterError.notTraversable(directory: closed, user: "postgres")
    ) {
      try await world.start(configuration)
    }
  }

  @Test("a private state directory is opened for passage only", .enabled(if: geteuid() == 0))
  func privateStateDirectory() async throws {
    let world = try await ClusterWorld()
    try await world.shell("chmod 700 \(world.stateDirectory)")
    let cluster = try await world.start()
    #expect(
      try await world.shell("stat -c '%a %U %G' \(world.stateDirectory)") == "710 root postgres\n")
    try await cluster.stop()
  }

  @Test("what stands in the way is named and left alone")
  func obstacles() async throws {
    let world = try await ClusterWorld(.nothing)
    try await world.shell("mkdir \(world.stateDirectory) && touch \(world.root)")
    await #expect(
      throws: EmbeddedClusterError.unexpectedFile(path: world.root, reason: "is not a directory")
    ) {
      try await world.start()
    }
    try await world.shell("rm \(world.root) && mkdir -p \(world.root)/data")
    let error = await #expect(throws: EmbeddedClusterError.self) { try await world.start() }
    guard case .unexpectedFile(let path, _) = try #require(error) else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(path == world.root + "/data")
    #expect(FileManager.default.fileExists(atPath: world.root + "/data"))
  }

  @Test("a directory of somebody else is refused", .enabled(if: geteuid() == 0))
  func foreignDirectory() async throws {
    let world = try await ClusterWorld()
    try await world.shell("install -d -o nobody \(world.root)/run")
    let error = await #expect(throws: EmbeddedClusterError.self) { try await world.start() }
    #expect("\(try #require(error))".contains("belongs to nobody"))
  }
}

/// Gives up root for good. Only in a process of its own.
func becomeNobody() throws {
  let user = try #require(unsafe getpwnam("nobody")?.pointee)
  #expect(unsafe setgroups(0, nil) == 0 && setgid(user.pw_gid) == 0 && setuid(user.pw_uid) == 0)
}
