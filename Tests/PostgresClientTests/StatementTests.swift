import FoundationEssentials
import PostgresClient
import Reactor
import Testing

@Suite("Single statements")
struct StatementTests {
  @Test("only the rows of the statement's tenant are seen, and the worker sees all")
  func rowsOfTenant() async throws {
    try await TestWorld.with { (world) async throws in
      let (one, two) = (UUID(), UUID())
      for (tenant, body) in [(one, "first"), (two, "second")] {
        let touched = try await world.database.execute(
          Queries.add, [.uuid(tenant), .int(1), .text(body)], in: .tenant(tenant),
          deadline: .ample)
        #expect(touched == 1)
      }
      let rows = try await world.database.rows(
        Queries.bodies, in: .tenant(one), deadline: .ample)
      #expect(rows == ["first"])
      #expect(try await world.database.row(Queries.count, in: .worker, deadline: .ample) == 2)
    }
  }

  @Test("a tenant cannot write another's row")
  func foreignRow() async throws {
    try await TestWorld.with { (world) async throws in
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.execute(
          Queries.add, [.uuid(UUID()), .int(1), .text("x")], in: .tenant(UUID()),
          deadline: .ample)
      }
      #expect(error?.sqlState == "42501")
    }
  }

  @Test("without a tenant a table under row level security refuses")
  func unscoped() async throws {
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.rows(Queries.bodies, in: .unscoped, deadline: .ample)
      }
      // The setting was never made on this connection; had it been, it would be '' by now, no uuid either.
      #expect(error?.kind == .server)
    }
  }

  @Test("each role is the one configured")
  func roles() async throws {
    try await TestWorld.with { (world) async throws in
      let role = Query("role", "select current_user::text") { row throws(RowError) in
        try row.text()
      }
      let app = try await world.database.row(role, in: .unscoped, deadline: .ample)
      let worker = try await world.database.row(role, in: .worker, deadline: .ample)
      #expect(app == "integrationd_app")
      #expect(worker == "integrationd_worker")
    }
  }

  @Test("a worker statement without a worker role is refused as misuse")
  func noWorker() async throws {
    try await TestWorld.with(configure: { $0.worker = nil }) { (world) async throws in
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.rows(Queries.count, in: .worker, deadline: .ample)
      }
      #expect(error?.kind == .misuse("no worker role is configured"))
      await #expect(throws: DatabaseError.self) {
        try await world.database.transaction(in: .worker, deadline: .ample) { _ in }
      }
    }
  }

  @Test("a row too many is an error of the query")
  func tooManyRows() async throws {
    let two = Query("two", "select generate_series(1, 2)") { row throws(RowError) in
      try row.int()
    }
    try await TestWorld.with { (world) async throws in
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.row(two, in: .unscoped, deadline: .ample)
      }
      #expect(
        error?.kind == .decoding(.refused("at most one row was expected, there are 2")))
    }
  }

  @Test("a second text under a query's name is refused as misuse")
  func nameTwice() async throws {
    let one = Query<Void>("same", "select 1")
    let other = Query<Void>("same", "select 2")
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      try await world.database.execute(one, in: .unscoped, deadline: .ample)
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.execute(other, in: .unscoped, deadline: .ample)
      }
      #expect(error?.kind == .misuse("two statements are named same"))
      try await world.database.transaction(in: .unscoped, deadline: .ample) { transaction in
        try await transaction.execute(one)
        await #expect(throws: DatabaseError.self) { try await transaction.execute(other) }
      }
    }
  }

  @Test("a statement that breaks a limit of the protocol is refused before it is sent")
  func limits() async throws {
    let longName = Query<Void>(String(repeating: "n", count: 51), "select 1")
    let manyParameters = Query<Void>("many", "select 1")
    try await TestWorld.with { (world) async throws in
      await #expect(throws: DatabaseError.self) {
        try await world.database.execute(longName, in: .unscoped, deadline: .ample)
      }
      await #expect(throws: DatabaseError.self) {
        try await world.database.execute(
          manyParameters, Array(repeating: .null, count: 65_536), in: .unscoped,
          deadline: .ample)
      }
    }
  }

  @Test("a statement is prepared anew when its table changed under it")
  func changedTable() async throws {
    let everything = Query("things.all", "select * from things") { row throws(RowError) in
      let id = try row.int()
      try row.skipRest()
      return id
    }
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      try await world.data.execute(
        """
        create table things (id int);
        insert into things values (7);
        grant select on things to integrationd_app;
        """)
      #expect(try await world.database.row(everything, in: .unscoped, deadline: .ample) == 7)
      try await world.data.execute("alter table things add column more text")
      #expect(try await world.database.row(everything, in: .unscoped, deadline: .ample) == 7)
    }
  }

  @Test("a statement whose preparation failed works once its table is there")
  func lateTable() async throws {
    let query = Query("tables.late", "select id from late_table") { row throws(RowError) in
      try row.int()
    }
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      let answers = await world.together([1, 2, 3]) { _ in
        await outcome { () throws(DatabaseError) in
          try await world.database.rows(query, in: .unscoped, deadline: .ample)
        }
      }
      for answer in answers {
        #expect(throws: DatabaseError.self) { try answer.get() }
        if case .failure(let error) = answer { #expect(error.sqlState == "42P01") }
      }
      try await world.data.execute(
        "create table late_table (id int); grant select on late_table to integrationd_app")
      #expect(try await world.database.rows(query, in: .unscoped, deadline: .ample) == [])
    }
  }

  @Test("a statement deallocated behind our back is prepared anew")
  func deallocated() async throws {
    let forget = Query<Void>("forget", "deallocate all")
    try await TestWorld.with(
      loopCount: 1,
      configure: {
        $0.readConnections = 1
        $0.writeConnections = 1
      }
    ) { (world) async throws in
      _ = try await world.database.execute(
        Queries.bump, [.int(1)], in: .unscoped, deadline: .ample)
      try await world.database.execute(forget, in: .unscoped, deadline: .ample)
      #expect(
        try await world.database.row(
          Queries.bump, [.int(1)], in: .unscoped, deadline: .ample) == 2)
    }
  }
}
