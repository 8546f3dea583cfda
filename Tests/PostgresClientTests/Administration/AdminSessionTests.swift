import PostgresClient
import Reactor
import Synchronization
import TestSupport
import Testing

@Suite("Administrative session")
struct AdminSessionTests {
  private static var soon: Deadline { .within(.seconds(120)) }

  private static func open() async throws -> AdminSession {
    let server = try await TestCluster.shared()
    return try await AdminSession.open(
      server.cluster.connectionString(for: .superuser, database: "postgres"), deadline: soon)
  }

  @Test("does not speak clear text to a host that is not this machine, unless it is told to")
  func clearText() async throws {
    let server = try await TestCluster.shared()
    let proxy = try FaultProxy(to: server.socketDirectory, tcp: true)
    defer { proxy.close() }
    // An address of this machine that does not look like one.
    let conninfo =
      server.cluster.connectionString(for: .superuser)
      + " host=0.0.0.0 port=\(proxy.port) user=postgres"
    let error = await #expect(throws: AdminError.self) {
      try await AdminSession.open(conninfo, deadline: Self.soon)
    }
    #expect(error?.description.contains("SSL") == true, "\(String(describing: error))")
    let told = try await AdminSession.open(conninfo + " sslmode=disable", deadline: Self.soon)
    await told.close()
  }

  @Test(
    "refuses a malformed connection string without repeating it",
    arguments: ["password=hunter2 horse", "horse", "host='"])
  func malformed(conninfo: String) async throws {
    let error = await #expect(throws: AdminError.malformed(MalformedConnectionString())) {
      try await AdminSession.open(conninfo, deadline: Self.soon)
    }
    #expect(error?.description.contains("horse") == false)
  }

  @Test("binds values, nulls among them, and never reads them as SQL")
  func parameters() async throws {
    let session = try await Self.open()
    let rows = try await session.query(
      "select $1::text as a, $2::text as b, $3::int as c",
      ["'; drop table x; --", nil, "7"], deadline: Self.soon)
    let row = try #require(rows.first)
    #expect(try row.text("a") == "'; drop table x; --")
    #expect(try row.optionalText("b") == nil)
    #expect(try row.int("c") == 7)
    await session.close()
  }

  @Test("tells a value of another kind than expected")
  func kinds() async throws {
    let session = try await Self.open()
    let rows = try await session.execute(
      "select 'x' as a, null as b, true as c, false as d", deadline: Self.soon)
    let row = try #require(rows.first)
    #expect(try row.bool("c"))
    #expect(try !row.bool("d"))
    #expect(throws: AdminError.unexpectedResult("column a is not a whole number")) {
      try row.int("a")
    }
    #expect(throws: AdminError.unexpectedResult("column a is not a boolean")) { try row.bool("a") }
    #expect(throws: AdminError.unexpectedResult("column b is null")) { try row.text("b") }
    #expect(throws: AdminError.unexpectedResult("there is no column z")) { try row.text("z") }
    await session.close()
  }

  @Test("runs several statements as one transaction and returns the last's rows")
  func script() async throws {
    let session = try await Self.open()
    let rows = try await session.execute("select 1 as a; select 2 as a", deadline: Self.soon)
    #expect(try rows.map { try $0.int("a") } == [2])
    #expect(try await session.execute("", deadline: Self.soon).isEmpty)
    let refusal = await #expect(throws: AdminError.self) {
      try await session.execute(
        "create temporary table gone (); select 1 / 0", deadline: Self.soon)
    }
    #expect(refusal?.sqlState == "22012")
    #expect("\(try #require(refusal))".contains("division by zero"))
    await #expect(throws: AdminError.self) {
      try await session.execute("select from gone", deadline: Self.soon)
    }
    await session.close()
  }

  @Test("sends and receives more than socket buffers hold")
  func large() async throws {
    let session = try await Self.open()
    let text = String(repeating: "0123456789abcdef", count: 1 << 18)
    let rows = try await session.query(
      "select $1::text as echo", [text], deadline: Self.soon)
    #expect(try rows.first?.text("echo") == text)
    await session.close()
  }

  @Test("refuses a NUL, at which libpq would cut")
  func nul() async throws {
    let session = try await Self.open()
    await #expect(throws: AdminError.containsNUL) {
      try await session.query("select $1", ["a\0b"], deadline: Self.soon)
    }
    await #expect(throws: AdminError.containsNUL) {
      try await session.execute("select 1\0", deadline: Self.soon)
    }
    await session.close()
  }

  @Test("is closed after a deadline, for the late answer must not be taken for another's")
  func deadline() async throws {
    let session = try await Self.open()
    await #expect(throws: AdminError.deadlineExceeded) {
      try await session.execute("select pg_sleep(600)", deadline: .within(.milliseconds(50)))
    }
    await #expect(throws: AdminError.closed) {
      try await session.execute("select 1", deadline: Self.soon)
    }
    #expect(await !session.isInTransaction)
  }

  @Test("gives up when its task is cancelled")
  func cancelled() async throws {
    let session = try await Self.open()
    let error = await withTaskGroup { group in
      group.addTask { () -> AdminError? in
        do throws(AdminError) {
          try await session.execute("select pg_sleep(600)", deadline: Self.soon)
          return nil
        } catch {
          return error
        }
      }
      group.cancelAll()
      return await group.next() ?? nil
    }
    #expect(error == .cancelled)
  }

  @Test("tells that it was cut off")
  func cut() async throws {
    let session = try await Self.open()
    let refusal = await #expect(throws: AdminError.self) {
      try await session.execute(
        "select pg_terminate_backend(pg_backend_pid())", deadline: Self.soon)
    }
    #expect(refusal != nil)
    await #expect(throws: AdminError.self) {
      try await session.execute("select 1", deadline: Self.soon)
    }
  }

  @Test("tells why it cannot connect")
  func unreachable() async throws {
    let error = await #expect(throws: AdminError.self) {
      try await AdminSession.open("host=/nowhere", deadline: Self.soon)
    }
    #expect("\(try #require(error))".hasPrefix("cannot connect to PostgreSQL: "))
  }

  @Test("does not wait for ever for a server that accepts and says nothing")
  func silent() async throws {
    let world = try await ClusterWorld(.nothing)
    let path = world.directory.path + "/.s.PGSQL.5432"
    let accepted = Mutex<[AcceptedSocket]>([])
    let listener = try await world.loop.run {
      try UnixListener.bind(path: path, permissions: 0o600, on: world.loop) { socket in
        accepted.withLock { $0.append(socket) }
      }
    }
    await #expect(throws: AdminError.deadlineExceeded) {
      try await AdminSession.open(
        "host=\(world.directory.path)", deadline: .within(.milliseconds(50)))
    }
    await world.loop.run { listener.close() }
  }

  @Test("has errors that say what the server said")
  func descriptions() {
    let report = AdminError.ServerReport(
      sqlState: "42P01", message: "m", detail: "d", hint: "h")
    #expect("\(AdminError.server(report))" == "m (SQLSTATE 42P01); d; hint: h")
    #expect("\(AdminError.deadlineExceeded)".contains("in time"))
    #expect("\(AdminError.cancelled)".contains("cancelled"))
    #expect("\(AdminError.closed)".contains("closed"))
    #expect("\(AdminError.containsNUL)".contains("NUL"))
    #expect("\(AdminError.unexpectedResult("r"))".contains("r"))
  }
}
