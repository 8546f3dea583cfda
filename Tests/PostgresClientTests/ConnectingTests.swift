import FoundationEssentials
import Reactor
import Synchronization
import TestSupport
import Testing

@testable import PostgresClient

@Suite("Connecting")
struct ConnectingTests {
  @Test("pauses between attempts are random, grow, and stay between 10 ms and 2 s")
  func backoff() {
    var random = SplitMix(seed: 1)
    var backoff = Backoff()
    var longest: [Duration] = []
    for attempt in 0..<30 {
      let pause = backoff.next(isCrowded: false, using: &random)
      #expect(pause >= .milliseconds(10) && pause <= .seconds(2))
      #expect(pause <= .milliseconds(10) * (1 << min(attempt + 1, 20)))
      longest.append(pause)
    }
    #expect(Set(longest).count > 20)
    #expect(backoff.next(isCrowded: true, using: &random) >= .milliseconds(250))
    backoff.succeeded()
    #expect(backoff.next(isCrowded: false, using: &random) <= .milliseconds(20))
    #expect(backoff.next(isCrowded: true, using: &random) == .milliseconds(250))
  }

  @Test("hosts, addresses and ports are paired as libpq pairs them")
  func targets() {
    let targets = HostTarget.list([
      "host": "/run/pg,db.example,10.0.0.1,named", "hostaddr": ",,,192.0.2.7", "port": "1,2,3,4",
    ])
    #expect(targets.map(\.port) == ["1", "2", "3", "4"])
    #expect(targets.map(\.isLocal) == [true, false, false, false])
    #expect(targets.map(\.needsResolution) == [false, true, false, false])
    #expect(HostTarget.list(["host": "a,b", "port": "7"]).map(\.port) == ["7", "7"])
    #expect(HostTarget.list(["hostaddr": "::1"]).map(\.isLocal) == [true])
    #expect(HostTarget.list(["host": "localhost"]).map(\.isLocal) == [true])
    #expect(HostTarget.list(["host": "127.evil.example"]).map(\.isLocal) == [false])
    #expect(HostTarget.list([:]).isEmpty)
  }

  @Test("a connection string gets safe defaults and keeps what it says")
  func parameters() throws {
    var configuration = DatabaseConfiguration(app: .init(conninfo: ""))
    configuration.statementTimeout = .seconds(3)
    func keywords(_ conninfo: String, role: String? = nil) throws -> [String: String] {
      let parameters = try ConnectionParameters(
        .init(conninfo: conninfo, role: role), configuration)
      return Dictionary(
        parameters.keywords(hosts: []).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }
    let remote = try keywords("postgresql://me@db.example:7/data?application_name=mine")
    #expect(remote["sslmode"] == "verify-full")
    #expect(remote["application_name"] == "mine")
    #expect(remote["dbname"] == "data")
    #expect(remote["client_encoding"] == "UTF8")
    #expect(remote["host"] == nil)
    #expect(try keywords("host=db.example sslmode=disable")["sslmode"] == "disable")
    #expect(try keywords("host=/run/pg")["sslmode"] == nil)
    #expect(remote["target_session_attrs"] == nil)
    #expect(try keywords("host=a,b")["target_session_attrs"] == "read-write")
    #expect(
      try keywords("host=a,b target_session_attrs=any")["target_session_attrs"] == "any")
    let options = try keywords("host=/x options='-c jit=on'", role: "a b\\c")["options"] ?? ""
    #expect(options.hasPrefix("-c statement_timeout=3000 "))
    #expect(options.contains(" -c jit=off ") && options.contains(" -c enable_seqscan=off "))
    #expect(options.hasSuffix(#" -c jit=on -c role=a\ b\\c"#))
    for malformed in [
      "host", "postgresql://[::1", "nonsense=1", "postgres://u:p@q@h/d", "postgres://u:p/q@h/d",
      "port=5432,70000", "host=a\u{0}b",
    ] {
      #expect(throws: MalformedConnectionString.self) { try keywords(malformed) }
    }
    for wellFormed in ["host=@abstract", "host=/run/a@b port=,1", "", "postgres://u:p%40q@h/d"] {
      #expect(throws: Never.self) { try keywords(wellFormed) }
    }
  }

  @Test(
    "where a connection string is silent libpq's variables speak, and who is not known is far away",
    arguments: [
      ("", [:], "verify-full"),
      ("", ["PGHOST": "db.example"], "verify-full"),
      ("", ["PGHOST": "/run/pg"], nil),
      ("host=localhost", ["PGHOST": "db.example"], nil),
      ("host=localhost", ["PGHOSTADDR": "10.0.0.1"], "verify-full"),
      ("host=db.example", ["PGSSLMODE": "require"], "require"),
      ("host=db.example sslmode=disable", ["PGSSLMODE": "require"], "disable"),
      ("service=there", ["PGHOST": "/run/pg"], "verify-full"),
      ("", ["PGHOST": "/run/pg", "PGSERVICE": "there"], "verify-full"),
      // Whether the file or the variable says more is for libpq to decide.
      ("service=there", ["PGSSLMODE": "require"], nil),
      ("", ["PGHOST": "", "PGSSLMODE": ""], "verify-full"),
    ] as [(String, [String: String], String?)])
  func environment(conninfo: String, variables: [String: String], mode: String?) throws {
    let parameters = try ConnectionParameters(conninfo, environment: variables)
    #expect(parameters.keywords.first { $0.name == "sslmode" }?.value == mode)
  }

  @Test("a malformed connection string is refused without repeating it")
  func malformed() async throws {
    let loops = try EventLoopGroup(count: 1, name: "pg-test")
    let error = #expect(throws: Database.ConfigurationError.self) {
      try TestWorld.client(
        DatabaseConfiguration(
          app: .init(conninfo: "host=/x"), worker: .init(conninfo: "password=hunter2 oops")),
        loops)
    }
    #expect(error?.description.contains("worker") == true)
    #expect(error?.description.contains("hunter2") == false)
    await loops.shutdown()
  }

  @Test("a name is resolved off the loop, an unknown one yields nothing")
  func resolver() async {
    let found = await withCheckedContinuation { continuation in
      HostResolver.resolve(HostTarget.list(["host": "localhost,/run,127.0.0.1", "port": "5"])) {
        continuation.resume(returning: $0)
      }
    }
    #expect(found.contains(ResolvedHost(host: "localhost", address: "127.0.0.1", port: "5")))
    #expect(found.contains(ResolvedHost(host: "/run", address: nil, port: "5")))
    #expect(found.contains(ResolvedHost(host: "127.0.0.1", address: nil, port: "5")))
    let unknown = await withCheckedContinuation { continuation in
      HostResolver.resolve(HostTarget.list(["host": "no-such-name.invalid"])) {
        continuation.resume(returning: $0)
      }
    }
    #expect(unknown.isEmpty)
  }

  @Test("of several hosts the first that answers is taken, over TCP and by name too")
  func manyHosts() async throws {
    let server = try await TestCluster.shared()
    let proxy = try FaultProxy(to: server.socketDirectory, tcp: true)
    defer { proxy.close() }
    try await TestWorld.with(
      loopCount: 1,
      configure: {
        $0.app.conninfo += " host=/nonexistent,localhost port=5432,\(proxy.port) sslmode=disable"
      }
    ) { (world) async throws in
      _ = try await world.database.row(Queries.pid, in: .unscoped, deadline: .ample)
      #expect(proxy.connections > 0)
    }
  }

  @Test(
    "why there is no connection is told",
    arguments: [
      ("host=/nonexistent", "No such file or directory"),
      ("host=no-such-name.invalid", "no host has a known address"),
    ])
  func reasons(conninfo: String, reason: String) async throws {
    let loops = try EventLoopGroup(count: 1, name: "pg-test")
    let database = try TestWorld.client(
      DatabaseConfiguration(app: .init(conninfo: conninfo)), loops)
    let running = Task { await database.run() }
    for await state in database.states where state.reason?.contains(reason) == true { break }
    #expect(!database.state.isHealthy)
    running.cancel()
    await running.value
    await loops.shutdown()
  }

  @Test("a role that may not be taken on is told with its state")
  func forbiddenRole() async throws {
    try await TestWorld.with(configure: { $0.app.role = "postgres" }) { (world) async throws in
      for await state in world.database.states
      where state.reason?.contains("permission denied to set role") == true { break }
    }
  }

  @Test("a server that never answers is given up after a while, and the next host is tried")
  func silentHost() async throws {
    let server = try await TestCluster.shared()
    let silent = try FaultProxy(to: server.socketDirectory)
    silent.freeze()
    defer { silent.close() }
    try await TestWorld.with(
      loopCount: 1,
      configure: {
        $0.connectTimeout = .milliseconds(500)
        $0.app.conninfo += " host=\(silent.directory),\(server.socketDirectory) port=5432"
      }
    ) { (world) async throws in
      _ = try await world.database.row(Queries.pid, in: .unscoped, deadline: .ample)
      #expect(silent.connections > 0)
    }
  }

  @Test("a server on an older timeline than one seen before is refused")
  func timelines() {
    let guarding = TimelineGuard()
    #expect(guarding.admits(nil))
    #expect(guarding.admits("00000002"))
    #expect(guarding.admits("00000002"))
    #expect(!guarding.admits("00000001"))
    #expect(guarding.admits("0000000A"))
    #expect(!guarding.admits("00000009"))
    #expect(guarding.admits(nil))
  }

  @Test("the state is healthy when every reporter is, and keeps the time of the change")
  func states() async {
    let board = StateBoard(logger: .init(label: "test"))
    let (one, two) = (board.seat(), board.seat())
    var states = board.states().makeAsyncIterator()
    #expect(await states.next()?.isHealthy == false)
    board.report(.up, from: one)
    board.report(.up, from: two)
    #expect(await states.next()?.isHealthy == true)
    let since = board.state.since
    board.report(.up, from: one)
    #expect(board.state.since == since)
    board.report(.down(DatabaseError(.unavailable, message: "gone")), from: two)
    #expect(await states.next()?.reason == "gone")
    let down = board.state.since
    board.report(.down(DatabaseError(.unavailable)), from: two)
    #expect(board.state.reason == "the database is not available")
    #expect(board.state.since == down)
    board.close()
    _ = await states.next()
    #expect(await states.next() == nil)
  }
}
