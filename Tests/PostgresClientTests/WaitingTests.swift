import FoundationEssentials
import PostgresClient
import Reactor
import TestSupport
import Testing

@Suite("Deadlines, cancellation and overload")
struct WaitingTests {
  @Test("a call whose deadline has passed is not sent")
  func passedDeadline() async throws {
    try await TestWorld.with { (world) async throws in
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.row(
          Queries.bump, [.int(1)], in: .unscoped, deadline: .within(.zero))
      }
      #expect(error?.kind == .deadlineExceeded)
      let late = await #expect(throws: DatabaseError.self) {
        try await world.database.transaction(in: .unscoped, deadline: .within(.zero)) { _ in }
      }
      #expect(late?.kind == .deadlineExceeded)
      #expect(
        try await world.database.row(
          Queries.counter, [.int(1)], in: .unscoped, deadline: .ample) == 0)
    }
  }

  @Test("calls that wait for a server end at their deadline, each at its own")
  func deadlineWhileConnecting() async throws {
    let loops = try EventLoopGroup(count: 1, name: "pg-test")
    var configuration = DatabaseConfiguration(
      app: .init(conninfo: "host=/nonexistent user=nobody dbname=nothing"))
    configuration.patience = .seconds(600)
    let database = try TestWorld.client(configuration, loops)
    let running = Task { await database.run() }
    let kinds = await withTaskGroup(of: DatabaseError.Kind?.self) { group in
      for milliseconds in [1, 20, 10, 30] {
        group.addTask {
          let answer = await outcome { () throws(DatabaseError) in
            try await database.row(
              Queries.bump, [.int(1)], in: .unscoped,
              deadline: .within(.milliseconds(milliseconds)))
          }
          if case .failure(let error) = answer { return error.kind }
          return nil
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    // Never sent: that is certain, even of a write.
    #expect(kinds == Array(repeating: .deadlineExceeded, count: 4))
    database.shutdown()
    await running.value
    await loops.shutdown()
  }

  @Test(
    "a read ends at its deadline while the server works on it, a write's outcome is unknown then")
  func deadlineInFlight() async throws {
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      let slowWrite = Query(
        "slow", "select 1 from pg_sleep($1)", effect: .writes
      ) { row throws(RowError) in try row.int() }
      for (query, kind) in [
        (Queries.sleep, DatabaseError.Kind.deadlineExceeded), (slowWrite, .outcomeUnknown),
      ] {
        // The connection is there, so that the statement is certainly sent.
        _ = try await world.database.row(query, [.double(0)], in: .unscoped, deadline: .ample)
        let error = await #expect(throws: DatabaseError.self) {
          try await world.database.row(
            query, [.double(1)], in: .unscoped, deadline: .within(.milliseconds(200)))
        }
        #expect(error?.kind == kind)
        // The connection still matches answers to calls.
        let echo = try await world.database.row(
          Queries.echo, [.text("after")], in: .unscoped, deadline: .ample)
        #expect(echo == "after")
      }
    }
  }

  @Test("a statement that waits too long for a lock, or runs too long, ends as late")
  func serverTimeouts() async throws {
    try await TestWorld.with(
      configure: {
        $0.lockTimeout = .milliseconds(30)
        $0.statementTimeout = .milliseconds(500)
      }
    ) { (world) async throws in
      let blocker = try await AdminSession.open(
        world.data.connectionString(for: .superuser), deadline: .ample)
      try await blocker.execute("begin", deadline: .ample)
      try await blocker.execute("update counters set value = 0 where id = 1", deadline: .ample)
      let locked = await #expect(throws: DatabaseError.self) {
        try await world.database.row(
          Queries.bump, [.int(1)], in: .unscoped, deadline: .ample)
      }
      #expect(locked?.kind == .deadlineExceeded)
      #expect(locked?.sqlState == "55P03")
      await blocker.close()
      let slow = await #expect(throws: DatabaseError.self) {
        try await world.database.row(
          Queries.sleep, [.double(60)], in: .unscoped, deadline: .ample)
      }
      #expect(slow?.kind == .deadlineExceeded)
      #expect(slow?.sqlState == "57014")
    }
  }

  @Test("a call too many is refused as overload, and the others are answered")
  func overload() async throws {
    try await TestWorld.with(
      loopCount: 1,
      configure: {
        $0.maxQueuedCalls = 10
        $0.maxCallsPerSync = 2
      }
    ) { (world) async throws in
      let answers = await world.together(Array(0..<100)) { number in
        await outcome { () throws(DatabaseError) in
          try await world.database.row(
            Queries.echo, [.text("\(number)")], in: .unscoped, deadline: .ample)
        }
      }
      var refused = 0
      for (number, answer) in answers.enumerated() {
        switch answer {
        case .success(let echo): #expect(echo == "\(number)")
        case .failure(let error):
          #expect(error.kind == .overloaded)
          refused += 1
        }
      }
      #expect(refused > 0 && refused < 100)
    }
  }

  @Test("cancelling some calls leaves every other with its own answer", arguments: 0..<3)
  func cancellation(seed: UInt64) async throws {
    try await TestWorld.with { (world) async throws in
      var random = SplitMix(seed: seed)
      let doomed = Set((0..<200).filter { _ in Bool.random(using: &random) })
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<200 {
          let task = Task {
            let echo = try await world.database.row(
              Queries.echo, [.text("\(number)")], in: .unscoped, deadline: .ample)
            #expect(echo == "\(number)")
          }
          if doomed.contains(number) { task.cancel() }
          group.addTask {
            switch await task.result {
            case .success: break
            case .failure(let error):
              #expect(doomed.contains(number))
              #expect((error as? DatabaseError)?.kind == .cancelled)
            }
          }
        }
      }
    }
  }

  @Test("a cancelled write that was sent is of unknown outcome")
  func cancelledWrite() async throws {
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      let blocker = try await AdminSession.open(
        world.data.connectionString(for: .superuser), deadline: .ample)
      try await blocker.execute("begin", deadline: .ample)
      try await blocker.execute("update counters set value = 0 where id = 1", deadline: .ample)
      let task = Task {
        try await world.database.row(
          Queries.bump, [.int(1)], in: .unscoped, deadline: .ample)
      }
      while try await world.data.execute(
        "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
      ).isEmpty {}
      task.cancel()
      let error = await #expect(throws: DatabaseError.self) { try await task.value }
      #expect(error?.kind == .outcomeUnknown)
      try await blocker.execute("rollback", deadline: .ample)
      await blocker.close()
      let value = try await world.database.row(
        Queries.bump, [.int(1)], in: .unscoped, deadline: .ample)
      #expect(value == 2)
    }
  }

  @Test("ending answers what is on its way, and refuses what comes after")
  func drain() async throws {
    let world = try await TestWorld()
    try await world.run { (world) async throws in
      let inside = Signal()
      async let slow = world.database.transaction(in: .unscoped, deadline: .ample) {
        transaction in
        _ = try await transaction.row(Queries.bump, [.int(1)])
        inside.raise()
        return try await transaction.row(Queries.sleep, [.double(0.2)])
      }
      await inside.wait()
      world.database.shutdown()
      #expect(try await slow == 1)
    }
    await #expect(throws: DatabaseError.self) {
      let loops = try EventLoopGroup(count: 1, name: "pg-test")
      let database = try TestWorld.client(
        DatabaseConfiguration(app: .init(conninfo: world.data.connectionString(for: .app))), loops)
      database.shutdown()
      await database.run()
      _ = try await database.row(Queries.pid, in: .unscoped, deadline: .ample)
    }
  }

  @Test("ending does not wait longer than it may")
  func drainTimeout() async throws {
    try await TestWorld.with(configure: { $0.drainTimeout = .milliseconds(50) }) {
      (world) async throws in
      let inside = Signal()
      let task = Task {
        try await world.database.transaction(in: .unscoped, deadline: .ample) { transaction in
          _ = try await transaction.row(Queries.pid)
          inside.raise()
          _ = try await transaction.row(Queries.sleep, [.double(60)])
        }
      }
      let read = Task {
        try await world.database.row(
          Queries.sleep, [.double(60)], in: .unscoped, deadline: .ample)
      }
      await inside.wait()
      world.database.shutdown()
      let error = await #expect(throws: DatabaseError.self) { try await task.value }
      #expect(error?.kind == .unavailable)
      let other = await #expect(throws: DatabaseError.self) { try await read.value }
      #expect(other?.kind == .unavailable)
    }
  }

  @Test("large values go both ways at once without either side waiting for the other")
  func bothWays() async throws {
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      let mirror = Query("mirror", "select $1::bytea") { row throws(RowError) in
        try row.bytes()
      }
      let answers = await world.together(Array(UInt8(0)..<24)) { number in
        await outcome { () throws(DatabaseError) in
          try await world.database.row(
            mirror, [.bytes(Array(repeating: number, count: 1_500_000))], in: .unscoped,
            deadline: .ample)
        }
      }
      for (number, answer) in answers.enumerated() {
        let bytes = try answer.get()
        #expect(bytes?.count == 1_500_000)
        #expect(bytes?.first == UInt8(number) && bytes?.last == UInt8(number))
      }
    }
  }

  @Test("a server with too few connections is used as far as it goes")
  func fewConnections() async throws {
    try await TestWorld.with(
      loopCount: 1,
      configure: {
        $0.maxCallsPerSync = 1
        $0.readConnections = 8
      }
    ) { (world) async throws in
      _ = try await world.database.row(Queries.bump, [.int(1)], in: .unscoped, deadline: .ample)
      try await world.data.execute("alter database \(world.data.name) connection limit 4")
      let answers = await world.together(Array(0..<300)) { number in
        await outcome { () throws(DatabaseError) in
          try await world.database.row(
            Queries.echo, [.text("\(number)")], in: .unscoped, deadline: .ample)
        }
      }
      for (number, answer) in answers.enumerated() {
        #expect(try answer.get() == "\(number)")
      }
    }
  }
}
