import FoundationEssentials
import Glibc
import PostgresClient
import Reactor
import TestSupport
import Testing

@Suite("Embedded cluster after accidents")
struct ClusterRecoveryTests {
  @Test("a server that is killed is started again, with everything that was acknowledged")
  func killedServer() async throws {
    let world = try await ClusterWorld()
    let cluster = try await world.start()
    try await cluster.execute("create table kept (id int)", as: .owner)
    let pid = cluster.serverProcessID
    try await withSupervision(of: cluster) {
      kill(pid, SIGKILL)
      try await eventually { cluster.serverProcessID != pid }
    }
    try await cluster.execute("select id from kept", as: .owner)
    try await cluster.stop()
  }

  @Test("backends that outlive their killed server are ended before the next starts")
  func orphans() async throws {
    let world = try await ClusterWorld()
    let cluster = try await world.start()
    let root = world.root
    let backend = try await cluster.execute("select pg_backend_pid() as pid")
    #expect(try backend.first?.int("pid") != nil)
    // A backend that does not look whether its server lives: it is stopped.
    let deadline = Deadline.within(.seconds(120))
    let session = try await AdminSession.open(
      cluster.connectionString(for: .superuser), deadline: deadline)
    let rows = try await session.execute("select pg_backend_pid() as pid", deadline: deadline)
    let orphan = try #require(try rows.first.map { Int32(try $0.int("pid")) })
    kill(orphan, SIGSTOP)
    kill(cluster.serverProcessID, SIGKILL)
    try await eventually { try await !world.shell("cat \(root)/data/postmaster.pid").isEmpty }
    try await cluster.restart(.immediate, deadline: .within(.seconds(120)))
    try await cluster.execute("select 1")
    await session.close()
    try await cluster.stop()
  }

  @Test("a process id in the server's file that now is another program's is no obstacle")
  func reusedProcessID() async throws {
    let world = try await ClusterWorld()
    let first = try await world.start()
    let pid = first.serverProcessID
    let file = world.root + "/data/postmaster.pid"
    let text = try String(contentsOfFile: file, encoding: .utf8)
    kill(pid, SIGKILL)
    try await first.stop()
    // Ours: alive, the same user's, no PostgreSQL.
    let line =
      geteuid() == 0
      ? ["setpriv", "--reuid=postgres", "--clear-groups", "sleep", "600"] : ["sleep", "600"]
    let sleeper = try await world.loop.run {
      try ChildProcess.spawn(.init(line[0], Array(line.dropFirst())), on: world.loop)
    }
    let changed = text.replacing("\(pid)\n", with: "\(sleeper.processID)\n", maxReplacements: 1)
    try changed.write(toFile: file, atomically: false, encoding: .utf8)
    let second = try await world.start()
    #expect(!second.isAdopted)
    #expect(sleeper.isRunning)
    try await second.stop()
    sleeper.signal(.kill)
  }

  @Test("a crash in the middle of initdb is mended by the next start")
  func crashedInitialisation() async throws {
    let world = try await ClusterWorld(.nothing)
    let stateDirectory = world.stateDirectory
    let fake = try await fakePrograms(
      in: world, initdb: #"touch "${1#--pgdata=}/PG_VERSION"; exec sleep 60"#)
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [stateDirectory = stateDirectory as String, fake = fake as String] in
      let loops = try EventLoopGroup(count: 1, name: "killed-daemon")
      await withTaskGroup { group in
        group.addTask {
          _ = try? await EmbeddedCluster.start(
            .init(
              stateDirectory: stateDirectory,
              programs: .init(versionedRoots: [fake], directories: [])),
            on: loops.loops[0], logger: .init(label: "killed-daemon"))
        }
        while unfinishedFiles(in: stateDirectory).isEmpty { await Task.yield() }
        kill(getpid(), SIGKILL)
      }
    }
    #expect(!unfinishedFiles(in: world.stateDirectory).isEmpty)
    let cluster = try await world.start()
    #expect(unfinishedFiles(in: world.stateDirectory).isEmpty)
    try await cluster.stop()
  }

  @Test("an initdb that fails says why and leaves nothing behind")
  func failedInitialisation() async throws {
    let world = try await ClusterWorld(.nothing)
    let fake = try await fakePrograms(in: world, initdb: "echo no space left >&2; exit 1")
    let error = await #expect(throws: EmbeddedClusterError.self) {
      try await world.start(
        world.configuration(programs: .init(versionedRoots: [fake], directories: [])))
    }
    #expect("\(try #require(error))".contains("no space left"))
    #expect(unfinishedFiles(in: world.stateDirectory).isEmpty)
    #expect(!FileManager.default.fileExists(atPath: world.root + "/data"))
  }

  @Test("an initdb that hangs is ended when the time is over")
  func hangingInitialisation() async throws {
    let world = try await ClusterWorld(.nothing)
    let fake = try await fakePrograms(in: world, initdb: "exec sleep 600")
    let error = await #expect(throws: EmbeddedClusterError.self) {
      try await world.start(
        world.configuration(
          programs: .init(versionedRoots: [fake], directories: []), startLimit: .milliseconds(500)))
    }
    #expect("\(try #require(error))".contains("took too long"))
  }

  @Test("a server that does not become ready is ended, and its log told")
  func neverReady() async throws {
    let world = try await ClusterWorld()
    let fake = try await fakePrograms(
      in: world, initdb: "exit 1", postgres: "echo still recovering; exec sleep 600")
    let error = await #expect(throws: EmbeddedClusterError.self) {
      try await world.start(
        world.configuration(
          programs: .init(versionedRoots: [fake], directories: []), startLimit: .seconds(5)))
    }
    guard case .notReady(_, _, let logTail) = try #require(error) else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(logTail.contains("still recovering"))
    #expect(
      try await world.shell("pgrep -f [/]\(world.directory.path.dropFirst())/fake || true").isEmpty)
  }

  @Test(
    "a stop while the server is being started again leaves no server", .timeLimit(.minutes(5)))
  func stopDuringRestart() async throws {
    let world = try await ClusterWorld()
    let cluster = try await world.start()
    let pid = cluster.serverProcessID
    try await withSupervision(of: cluster) {
      kill(pid, SIGKILL)
      try await cluster.stop()
    }
    // What the killed server had just forked looks like a server until it finds its parent gone.
    try await eventually {
      try await world.shell("pgrep -f -- '[-]D \(world.root)' || true").isEmpty
    }
  }

  @Test("a session that does not end cannot hold up a stop for ever")
  func stubbornSession() async throws {
    let world = try await ClusterWorld()
    let cluster = try await world.start()
    let deadline = Deadline.within(.seconds(120))
    let session = try await AdminSession.open(
      cluster.connectionString(for: .superuser), deadline: deadline)
    let rows = try await session.execute("select pg_backend_pid() as pid", deadline: deadline)
    let backend = try #require(try rows.first.map { Int32(try $0.int("pid")) })
    kill(backend, SIGSTOP)
    let pid = cluster.serverProcessID
    try await cluster.stop(within: .milliseconds(100))
    #expect(!processExists(pid) && !processExists(backend))
    await session.close()
  }

  @Test("a broken file of the operator's is named, and mended is obeyed")
  func localConfiguration() async throws {
    let world = try await ClusterWorld()
    let file = world.root + "/postgresql.local.conf"
    try "work_mem = nonsense\n".write(toFile: file, atomically: false, encoding: .utf8)
    let error = await #expect(throws: EmbeddedClusterError.self) { try await world.start() }
    #expect("\(try #require(error))".contains("postgresql.local.conf"))
    #expect("\(try #require(error))".contains("work_mem"))

    // Its own settings win; who may enter is not among them.
    try "work_mem = 7MB\nlisten_addresses = '*'\nhba_file = '/dev/null'\n"
      .write(toFile: file, atomically: false, encoding: .utf8)
    let cluster = try await world.start()
    let rows = try await cluster.execute(
      "select current_setting('work_mem') || current_setting('listen_addresses') as setting")
    #expect(try rows.first?.text("setting") == "7MB")
    try await cluster.stop()
  }
}

/// Makes a directory that stands for `/usr/lib/postgresql`, whose programs of version 15 are shell
/// scripts.
private func fakePrograms(
  in world: ClusterWorld, initdb: String, postgres: String = "exit 1"
) async throws -> String {
  let root = world.directory.path + "/fake/postgresql"
  let bin = root + "/15/bin"
  try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
  for (name, body) in [("initdb", initdb), ("postgres", postgres)] {
    try "#!/bin/sh\n\(body)\n".write(
      toFile: "\(bin)/\(name)", atomically: false, encoding: .utf8)
  }
  try await world.shell("chmod -R a+rx \(world.directory.path)/fake")
  return root
}

/// What an `initdb` that did not finish has left.
private func unfinishedFiles(in stateDirectory: String) -> [String] {
  let manager = FileManager.default
  let root = stateDirectory + "/postgres"
  // Neither directory need be there yet.
  return ((try? manager.contentsOfDirectory(atPath: root)) ?? [])
    .filter { $0.hasPrefix("data.unfinished") }
    .flatMap { (try? manager.contentsOfDirectory(atPath: "\(root)/\($0)")) ?? [] }
}
