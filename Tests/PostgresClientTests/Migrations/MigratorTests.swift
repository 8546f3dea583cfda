import Glibc
import PostgresClient
import Reactor
import Synchronization
import TestSupport
import Testing

@Suite("Migrations")
struct MigratorTests {
  static let one = Migration(name: "v0001_one", sql: "create table one (id int primary key)")
  static let two = Migration(
    name: "v0002_two",
    sql: "create table two (id int); insert into two select id from one; insert into two values (2)"
  )

  @Test("are applied in order, once, and remembered")
  func applied() async throws {
    let database = try await TestDatabase.make()
    let steps = Steps()
    let migrator = Migrator([Self.one, Self.two], progress: steps.add)
    #expect(try await migrator.pending(database) == ["v0001_one", "v0002_two"])
    #expect(try await migrator.migrate(database) == ["v0001_one", "v0002_two"])
    #expect(try await migrator.migrate(database) == [])
    #expect(try await migrator.pending(database) == [])

    let rows = try await database.execute(
      """
      select name, checksum, applied_at <= clock_timestamp() as past, tableowner
      from integrationd_migrations
      join pg_tables on tablename = 'two'
      order by name
      """)
    #expect(try rows.map { try $0.text("name") } == ["v0001_one", "v0002_two"])
    #expect(try rows.map { try $0.text("checksum") } == [Self.one.checksum, Self.two.checksum])
    #expect(try rows.allSatisfy { try $0.bool("past") })
    #expect(try rows.allSatisfy { try $0.text("tableowner") == "integrationd_owner" })
    let names = steps.all.compactMap { step -> String? in
      switch step {
      case .applying(let name, let number, let count): "\(name) \(number)/\(count)"
      case .applied(let name, _): name
      // A busy server may be in the way for a moment.
      case .waitingForLock, .retrying: nil
      }
    }
    #expect(names == ["v0001_one 1/2", "v0001_one", "v0002_two 2/2", "v0002_two"])
  }

  @Test("that were added later are applied to a database that has the earlier ones")
  func added() async throws {
    let database = try await TestDatabase.make([Self.one])
    #expect(try await Migrator([Self.one, Self.two]).migrate(database) == ["v0002_two"])
  }

  @Test("edited after they were applied are named")
  func edited() async throws {
    let database = try await TestDatabase.make([Self.one])
    let other = Migration(name: Self.one.name, sql: Self.one.sql + " ")
    let error = await #expect(throws: MigrationError.self) {
      try await Migrator([other]).migrate(database)
    }
    #expect(error == .edited(name: "v0001_one"))
    #expect("\(try #require(error))".contains("v0001_one"))
    await #expect(throws: MigrationError.edited(name: "v0001_one")) {
      try await Migrator([other]).pending(database)
    }
  }

  @Test("of a newer program are not touched by an older one")
  func newer() async throws {
    let database = try await TestDatabase.make([Self.one, Self.two])
    let error = await #expect(throws: MigrationError.self) {
      try await Migrator([Self.one]).migrate(database)
    }
    #expect(error == .databaseIsNewer(unknown: ["v0002_two"]))
    #expect("\(try #require(error))".contains("newer than this program"))
  }

  @Test("that would come before applied ones are refused")
  func outOfOrder() async throws {
    let database = try await TestDatabase.make([Self.two.standalone])
    await #expect(throws: MigrationError.outOfOrder(name: "v0001_one", after: "v0002_two")) {
      try await Migrator([Self.one, Self.two.standalone]).migrate(database)
    }
  }

  @Test(
    "in a wrong list are refused before the database is asked",
    arguments: [[two, one], [one, one]])
  func wrongList(migrations: [Migration]) async throws {
    let database = try await TestDatabase.make()
    let error = await #expect(throws: MigrationError.self) {
      try await Migrator(migrations).migrate(database)
    }
    guard case .invalidList = try #require(error) else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(try await database.execute("select from pg_tables where tablename = 'two'").isEmpty)
  }

  @Test("that fail leave nothing of themselves and all of those before")
  func failing() async throws {
    let database = try await TestDatabase.make()
    let bad = Migration(
      name: "v0002_bad", sql: "create table half (id int); select no_such_function()")
    let error = await #expect(throws: MigrationError.self) {
      try await Migrator([Self.one, bad]).migrate(database)
    }
    guard case .failed("v0002_bad", let cause) = try #require(error) else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(cause.sqlState == "42883")
    #expect(try await database.execute("select from pg_tables where tablename = 'half'").isEmpty)
    #expect(try await Migrator([Self.one, Self.two]).migrate(database) == ["v0002_two"])
  }

  @Test("that end their own transaction are refused")
  func committing() async throws {
    let database = try await TestDatabase.make()
    let bad = Migration(name: "v0001_bad", sql: "select 1; commit")
    await #expect(throws: MigrationError.self) { try await Migrator([bad]).migrate(database) }
    #expect(try await Migrator([bad]).pending(database) == ["v0001_bad"])
  }

  @Test("started by many daemons at once are applied once")
  func concurrent() async throws {
    let database = try await TestDatabase.make()
    let applied = try await withThrowingTaskGroup { group in
      for _ in 0..<8 {
        group.addTask { try await Migrator([Self.one, Self.two]).migrate(database) }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(applied == ["v0001_one", "v0002_two"])
  }

  @Test("do not wait for ever for another daemon")
  func lockHeld() async throws {
    let database = try await TestDatabase.make()
    let holder = try await AdminSession.open(
      database.connectionString(for: .owner), deadline: .within(.seconds(120)))
    // The key that every version of the program uses.
    try await holder.execute(
      "select pg_advisory_lock(\(0x696e_7465_6772_6174))", deadline: .within(.seconds(120)))
    let steps = Steps()
    await #expect(throws: MigrationError.lockNotAvailable) {
      try await Migrator(
        [Self.one], tuning: .init(othersLimit: .milliseconds(20)), progress: steps.add
      ).migrate(database)
    }
    #expect(steps.all == [.waitingForLock])
    await holder.close()
    #expect(try await Migrator([Self.one]).migrate(database) == ["v0001_one"])
  }

  @Test("that find a table locked step back, so that requests go on, and try again")
  func lockedTable() async throws {
    let database = try await TestDatabase.make([Self.one])
    let change = Migration(name: "v0002_change", sql: "alter table one add column note text")
    let reader = try await AdminSession.open(
      database.connectionString(for: .owner), deadline: .within(.seconds(120)))
    try await reader.execute("begin; select from one", deadline: .within(.seconds(120)))
    let tuning = Migrator.Tuning(
      lockTimeout: .milliseconds(10), tries: 3, pause: .milliseconds(1))
    await #expect(throws: MigrationError.blocked(name: "v0002_change", tries: 3)) {
      try await Migrator([Self.one, change], tuning: tuning).migrate(database)
    }
    // This time the reader ends when it is told that the migration waits.
    let isTold = Completion<Void>()
    let steps = Steps { step in
      if case .retrying = step { isTold.succeed(()) }
    }
    try await withThrowingTaskGroup { group in
      group.addTask {
        try await isTold.value()
        await reader.close()
      }
      let patient = Migrator.Tuning(
        lockTimeout: .milliseconds(10), tries: 10_000, pause: .milliseconds(1))
      let applied = try await Migrator([Self.one, change], tuning: patient, progress: steps.add)
        .migrate(database)
      #expect(applied == ["v0002_change"])
      try await group.waitForAll()
    }
    #expect(steps.all.contains(.retrying(name: "v0002_change", nextTry: 2)))
  }

  @Test("cut off at any step are finished by the next run", arguments: 0..<4)
  func killed(step: Int) async throws {
    let database = try await TestDatabase.make()
    let conninfo = database.connectionString(for: .owner)
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [conninfo = conninfo as String, step = step as Int] in
      let count = Atomic<Int>(0)
      let migrator = Migrator([Self.one, Self.two]) { _ in
        // Before the first, between, and after the last.
        if count.wrappingAdd(1, ordering: .relaxed).oldValue == step { kill(getpid(), SIGKILL) }
      }
      _ = try await migrator.migrate(conninfo, deadline: .within(.seconds(120)))
    }
    _ = try await Migrator([Self.one, Self.two]).migrate(database)
    #expect(try await database.execute("select from two").count == 1)
    #expect(try await database.execute("select from integrationd_migrations").count == 2)
  }

  @Test("whose session is ended in the middle of a statement are finished by the next run")
  func terminated() async throws {
    let database = try await TestDatabase.make()
    let slow = Migration(
      name: "v0001_slow", sql: "create table slow (id int); select pg_sleep(600)")
    async let result = Migrator([slow]).migrate(database)
    while try await database.execute(
      """
      select from pg_stat_activity
      where datname = current_database() and state = 'active' and query like '%pg_sleep(600)%'
        and pid <> pg_backend_pid()
      """
    ).isEmpty {
      await Task.yield()
    }
    try await database.terminateBackends()
    do {
      let applied = try await result
      Issue.record("applied \(applied)")
    } catch let error as MigrationError {
      #expect("\(error)".contains("v0001_slow"))
    }
    let quick = Migration(name: "v0001_slow", sql: "create table slow (id int)")
    #expect(try await Migrator([quick]).migrate(database) == ["v0001_slow"])
  }

  @Test("of a database that cannot be reached say so")
  func unreachable() async throws {
    for attempt in [
      { try await Migrator([Self.one]).migrate("host=/nowhere", deadline: .within(.seconds(5))) },
      { try await Migrator([Self.one]).pending("host=/nowhere", deadline: .within(.seconds(5))) },
    ] {
      let error = await #expect(throws: MigrationError.self) { try await attempt() }
      guard case .database(.connection) = try #require(error) else {
        Issue.record("unexpected \(String(describing: error))")
        return
      }
    }
  }

  @Test("have errors that name what is to be done")
  func descriptions() {
    #expect("\(MigrationError.lockNotAvailable)".contains("another process"))
    #expect("\(MigrationError.blocked(name: "a", tries: 2))".contains("try again later"))
    #expect("\(MigrationError.outOfOrder(name: "a", after: "b"))".contains("sorts last"))
    #expect("\(MigrationError.invalidList(reason: "r"))".contains("r"))
    #expect("\(MigrationError.failed(name: "a", .closed))".contains("undone"))
    #expect("\(MigrationError.database(.closed))".contains("closed"))
  }
}

extension Migrator {
  fileprivate func migrate(_ database: TestDatabase) async throws -> [String] {
    try await migrate(
      database.connectionString(for: .owner), deadline: .within(.seconds(120)))
  }

  fileprivate func pending(_ database: TestDatabase) async throws -> [String] {
    try await pending(
      database.connectionString(for: .owner), deadline: .within(.seconds(120)))
  }
}

extension Migration {
  /// The same name, with a script that needs none before it.
  fileprivate var standalone: Migration { Migration(name: name, sql: "create table alone ()") }
}

/// Collects what a migrator reports.
private final class Steps: Sendable {
  private let steps = Mutex<[Migrator.Progress]>([])
  private let also: @Sendable (Migrator.Progress) -> Void

  init(_ also: @escaping @Sendable (Migrator.Progress) -> Void = { _ in }) {
    self.also = also
  }

  var all: [Migrator.Progress] { steps.withLock { $0 } }

  var add: @Sendable (Migrator.Progress) -> Void {
    { step in
      self.steps.withLock { $0.append(step) }
      self.also(step)
    }
  }
}
