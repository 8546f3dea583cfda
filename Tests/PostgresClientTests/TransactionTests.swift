import FoundationEssentials
import PostgresClient
import Reactor
import Testing

@Suite("Transactions")
struct TransactionTests {
  private struct Refusal: Error {}

  @Test("what a body wrote is there after it, and seen by itself before")
  func commits() async throws {
    try await TestWorld.with { (world) async throws in
      let tenant = UUID()
      let inside = try await world.database.transaction(in: .tenant(tenant), deadline: .ample) {
        transaction in
        try await transaction.execute(Queries.add, [.uuid(tenant), .int(1), .text("a")])
        try await transaction.execute(Queries.add, [.uuid(tenant), .int(2), .text("b")])
        return try await transaction.rows(Queries.bodies)
      }
      #expect(inside == ["a", "b"])
      let after = try await world.database.rows(
        Queries.bodies, in: .tenant(tenant), deadline: .ample)
      #expect(after == ["a", "b"])
    }
  }

  @Test("what a body throws undoes everything and is thrown on")
  func rollsBack() async throws {
    try await TestWorld.with { (world) async throws in
      let tenant = UUID()
      await #expect(throws: Refusal.self) {
        try await world.database.transaction(in: .tenant(tenant), deadline: .ample) {
          transaction in
          try await transaction.execute(Queries.add, [.uuid(tenant), .int(1), .text("a")])
          throw Refusal()
        }
      }
      #expect(try await world.database.row(Queries.count, in: .worker, deadline: .ample) == 0)
    }
  }

  @Test("a body that asks nothing of the database is no transaction at all")
  func empty() async throws {
    try await TestWorld.with { (world) async throws in
      let value = try await world.database.transaction(in: .unscoped, deadline: .ample) { _ in 7 }
      #expect(value == 7)
      await #expect(throws: Refusal.self) {
        try await world.database.transaction(in: .unscoped, deadline: .ample) { _ in
          throw Refusal()
        }
      }
    }
  }

  @Test("a body that swallows an error does not commit, and learns the error")
  func swallowed() async throws {
    try await TestWorld.with { (world) async throws in
      let tenant = UUID()
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.transaction(in: .tenant(tenant), deadline: .ample) {
          transaction in
          try await transaction.execute(Queries.add, [.uuid(tenant), .int(1), .text("a")])
          let first = await outcome { () throws(DatabaseError) in
            try await transaction.execute(Queries.add, [.uuid(tenant), .int(2), .text("")])
          }
          let second = await outcome { () throws(DatabaseError) in
            try await transaction.rows(Queries.bodies)
          }
          guard case .failure(let one) = first, case .failure(let other) = second else {
            Issue.record("a statement succeeded in a failed transaction")
            return
          }
          #expect(one == other)
        }
      }
      #expect(error?.constraint(.check) == "notes_body_given")
      #expect(try await world.database.row(Queries.count, in: .worker, deadline: .ample) == 0)
    }
  }

  @Test("a constraint checked at the commit is the transaction's error")
  func deferredConstraint() async throws {
    try await TestWorld.with { (world) async throws in
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.transaction(in: .unscoped, deadline: .ample) { transaction in
          try await transaction.execute(Queries.addLate, [.int(1), .int(99)])
        }
      }
      #expect(error?.constraint(.foreignKey) == "late_other")
    }
  }

  @Test("a transaction kept beyond its end is refused as misuse")
  func keptBeyondEnd() async throws {
    try await TestWorld.with { (world) async throws in
      let kept = try await world.database.transaction(in: .unscoped, deadline: .ample) { $0 }
      let error = await #expect(throws: DatabaseError.self) { try await kept.rows(Queries.pid) }
      #expect(error?.kind == .misuse("the transaction has ended"))
    }
  }

  @Test("concurrent statements of one transaction are answered each with its own")
  func concurrentStatements() async throws {
    try await TestWorld.with { (world) async throws in
      try await world.database.transaction(in: .unscoped, deadline: .ample) { transaction in
        try await withThrowingTaskGroup(of: (Int, String??).self) { group in
          for index in 0..<50 {
            group.addTask {
              (index, try await transaction.row(Queries.echo, [.text("\(index)")]))
            }
          }
          for try await (index, echo) in group { #expect(echo == "\(index)") }
        }
      }
    }
  }

  @Test("a deadlock's victim is run again as a whole and both come through")
  func deadlock() async throws {
    try await TestWorld.with { (world) async throws in
      let met = Meeting(parties: 2)
      let runs = Counter()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for order in [[1, 2], [2, 1]] {
          group.addTask {
            try await world.database.transaction(
              in: .unscoped, deadline: .ample, retries: .upTo(5)
            ) { transaction in
              runs.next()
              _ = try await transaction.row(Queries.bump, [.int(Int64(order[0]))])
              await met.arrive()
              _ = try await transaction.row(Queries.bump, [.int(Int64(order[1]))])
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(runs.count >= 3)
      for id in [Int64(1), 2] {
        #expect(
          try await world.database.row(
            Queries.counter, [.int(id)], in: .unscoped, deadline: .ample) == 2)
      }
    }
  }

  @Test("a body that must not run twice learns of the deadlock instead")
  func deadlockWithoutRetries() async throws {
    try await TestWorld.with { (world) async throws in
      let met = Meeting(parties: 2)
      let errors = await withTaskGroup(of: DatabaseError?.self) { group in
        for order in [[1, 2], [2, 1]] {
          group.addTask {
            do {
              try await world.database.transaction(in: .unscoped, deadline: .ample) {
                transaction in
                _ = try await transaction.row(Queries.bump, [.int(Int64(order[0]))])
                await met.arrive()
                _ = try await transaction.row(Queries.bump, [.int(Int64(order[1]))])
              }
              return nil
            } catch {
              return error as? DatabaseError
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }.compactMap(\.self)
      }
      #expect(errors.map(\.kind) == [.serialization])
      #expect(errors.map(\.sqlState) == ["40P01"])
    }
  }

  @Test(
    "transactions wait for a connection in the order they came, and no longer than their deadline")
  func waitsInTurn() async throws {
    try await TestWorld.with(loopCount: 1, configure: { $0.transactionConnections = 1 }) {
      (world) async throws in
      let order = Record<Int>()
      let isLent = Signal()
      let release = Signal()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await world.database.transaction(in: .unscoped, deadline: .ample) { transaction in
            _ = try await transaction.row(Queries.pid)
            isLent.raise()
            await release.wait()
          }
        }
        await isLent.wait()
        let late = await #expect(throws: DatabaseError.self) {
          try await world.database.transaction(
            in: .unscoped, deadline: .within(.milliseconds(20))
          ) { _ in }
        }
        #expect(late?.kind == .deadlineExceeded)
        group.addTask {
          _ = await world.together(Array(0..<5)) { number in
            await #expect(throws: Never.self) {
              try await world.database.transaction(in: .unscoped, deadline: .ample) {
                transaction in
                _ = try await transaction.row(Queries.pid)
                order.append(number)
              }
            }
          }
        }
        release.raise()
        try await group.waitForAll()
      }
      #expect(order.entries == Array(0..<5))
    }
  }

  @Test("a transaction too many is refused as overload")
  func overload() async throws {
    try await TestWorld.with(
      loopCount: 1,
      configure: {
        $0.transactionConnections = 1
        $0.maxQueuedTransactions = 2
      }
    ) { (world) async throws in
      let isLent = Signal()
      let release = Signal()
      await withTaskGroup(of: DatabaseError.Kind?.self) { group in
        group.addTask {
          do {
            try await world.database.transaction(in: .unscoped, deadline: .ample) { _ in
              isLent.raise()
              await release.wait()
            }
            return nil
          } catch {
            return (error as? DatabaseError)?.kind
          }
        }
        await isLent.wait()
        let refused = Signal()
        for _ in 0..<4 {
          group.addTask {
            do {
              try await world.database.transaction(in: .unscoped, deadline: .ample) { _ in }
              return nil
            } catch {
              refused.raise()
              return (error as? DatabaseError)?.kind
            }
          }
        }
        await refused.wait(count: 2)
        release.raise()
        let kinds = await group.reduce(into: []) { $0.append($1) }.compactMap(\.self)
        #expect(kinds == [.overloaded, .overloaded])
      }
    }
  }

  @Test("a transaction's statement ends at its deadline and leaves no lock behind")
  func deadline() async throws {
    try await TestWorld.with { (world) async throws in
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.transaction(
          in: .unscoped, deadline: .within(.milliseconds(100))
        ) { transaction in
          _ = try await transaction.row(Queries.bump, [.int(1)])
          _ = try await transaction.row(Queries.sleep, [.double(60)])
        }
      }
      #expect(error?.kind == .deadlineExceeded)
      _ = try await world.database.row(Queries.bump, [.int(1)], in: .unscoped, deadline: .ample)
    }
  }

  @Test("a deadline that passes before the commit undoes the transaction")
  func deadlineBeforeCommit() async throws {
    try await TestWorld.with { (world) async throws in
      let deadline = Deadline.within(.milliseconds(50))
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.transaction(in: .unscoped, deadline: deadline) { transaction in
          _ = try await transaction.row(Queries.bump, [.int(1)])
          while !deadline.hasPassed { await Task.yield() }
        }
      }
      #expect(error?.kind == .deadlineExceeded)
      #expect(
        try await world.database.row(
          Queries.counter, [.int(1)], in: .unscoped, deadline: .ample) == 0)
    }
  }

  @Test("cancelling the task ends the statement, undoes the transaction and spares the pool")
  func cancellation() async throws {
    try await TestWorld.with(configure: { $0.transactionConnections = 1 }) { (world) async throws in
      let isInside = Signal()
      let task = Task {
        try await world.database.transaction(in: .unscoped, deadline: .ample) { transaction in
          _ = try await transaction.row(Queries.bump, [.int(1)])
          isInside.raise()
          _ = try await transaction.row(Queries.sleep, [.double(60)])
        }
      }
      await isInside.wait()
      task.cancel()
      let error = await #expect(throws: DatabaseError.self) { try await task.value }
      #expect(error?.kind == .cancelled)
      let value = try await world.database.transaction(in: .unscoped, deadline: .ample) {
        try await $0.row(Queries.counter, [.int(1)])
      }
      #expect(value == 0)
    }
  }

  @Test("a connection is lent again after a commit, after a refusal and after a rollback")
  func reuse() async throws {
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      let pids = Record<Int64?>()
      let database = world.database
      try await database.transaction(in: .unscoped, deadline: .ample) {
        pids.append(try await $0.row(Queries.pid))
      }
      await #expect(throws: DatabaseError.self) {
        try await database.transaction(in: .unscoped, deadline: .ample) {
          pids.append(try await $0.row(Queries.pid))
          _ = try await $0.row(Queries.divide, [.int(0)])
        }
      }
      await #expect(throws: DatabaseError.self) {
        try await database.transaction(in: .unscoped, deadline: .ample) {
          pids.append(try await $0.row(Queries.pid))
          try await $0.execute(Queries.addLate, [.int(1), .int(99)])
        }
      }
      await #expect(throws: Refusal.self) {
        try await database.transaction(in: .unscoped, deadline: .ample) {
          pids.append(try await $0.row(Queries.pid))
          throw Refusal()
        }
      }
      try await database.transaction(in: .unscoped, deadline: .ample) {
        pids.append(try await $0.row(Queries.pid))
      }
      #expect(pids.entries.count == 5 && Set(pids.entries).count == 1)
    }
  }

  @Test("a transaction waiting for a connection can be cancelled")
  func cancelledWaiting() async throws {
    try await TestWorld.with(loopCount: 1, configure: { $0.transactionConnections = 1 }) {
      (world) async throws in
      try await world.database.transaction(in: .unscoped, deadline: .ample) { transaction in
        _ = try await transaction.row(Queries.pid)
        let task = Task {
          try await world.database.transaction(in: .unscoped, deadline: .ample) { _ in }
        }
        task.cancel()
        let error = await #expect(throws: DatabaseError.self) { try await task.value }
        #expect(error?.kind == .cancelled)
      }
    }
  }

  @Test("unused transaction connections are closed")
  func idle() async throws {
    try await TestWorld.with(configure: { $0.idleTimeout = .milliseconds(20) }) {
      (world) async throws in
      let pid = try await world.database.transaction(in: .unscoped, deadline: .ample) {
        try await $0.row(Queries.pid)
      }
      let pidValue = try #require(pid)
      while try await world.data.execute(
        "select 1 from pg_stat_activity where pid = \(pidValue)"
      ).count > 0 {}
    }
  }
}
