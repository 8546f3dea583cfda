import FoundationEssentials
import PostgresClient
import Reactor
import TestSupport
import Testing

@Suite("Lost connections")
struct LossTests {
  @Test("a write whose answer is lost is of unknown outcome, and was done")
  func unknownWrite() async throws {
    try await withProxy { (world, proxy) async throws in
      _ = try await world.database.row(
        Queries.bump, [.int(2)], in: .unscoped, deadline: .ample)
      proxy.cutInsteadOfAnswer(to: "counters.bump#")
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.row(Queries.bump, [.int(1)], in: .unscoped, deadline: .ample)
      }
      #expect(error?.kind == .outcomeUnknown)
      #expect(
        try await world.database.row(
          Queries.counter, [.int(1)], in: .unscoped, deadline: .ample) == 1)
    }
  }

  @Test("a read whose answer is lost is simply run again")
  func lostRead() async throws {
    try await withProxy { (world, proxy) async throws in
      _ = try await world.database.row(
        Queries.counter, [.int(1)], in: .unscoped, deadline: .ample)
      proxy.cutInsteadOfAnswer(to: "counters.get#")
      let value = try await world.database.row(
        Queries.counter, [.int(1)], in: .unscoped, deadline: .ample)
      await proxy.cuts(1)
      #expect(value == 0)
    }
  }

  @Test("a read that loses every connection is given up")
  func doomedRead() async throws {
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      let suicide = Query("suicide", "select pg_terminate_backend(pg_backend_pid())") {
        row throws(RowError) in try row.bool()
      }
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.row(suicide, in: .unscoped, deadline: .ample)
      }
      #expect(error?.kind == .unavailable)
      _ = try await world.database.row(Queries.pid, in: .unscoped, deadline: .ample)
    }
  }

  @Test("a transaction whose commit goes unanswered is of unknown outcome, and was done")
  func unknownCommit() async throws {
    try await withProxy { (world, proxy) async throws in
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.transaction(
          in: .unscoped, deadline: .ample, retries: .upTo(5)
        ) { transaction in
          _ = try await transaction.row(Queries.bump, [.int(1)])
          proxy.cutInsteadOfAnswer(to: "commit")
        }
      }
      #expect(error?.kind == .outcomeUnknown)
      #expect(
        try await world.database.row(
          Queries.counter, [.int(1)], in: .unscoped, deadline: .ample) == 1)
    }
  }

  @Test("a commit that is still unanswered at the deadline is of unknown outcome")
  func commitBeyondDeadline() async throws {
    try await withProxy { (world, proxy) async throws in
      var patience: Duration = .milliseconds(100)
      var error: DatabaseError?
      repeat {
        // On a busy machine the deadline may pass before the commit is sent.
        patience *= 2
        error = await #expect(throws: DatabaseError.self) {
          try await world.database.transaction(in: .unscoped, deadline: .within(patience)) {
            transaction in
            _ = try await transaction.row(Queries.bump, [.int(1)])
            proxy.freeze()
          }
        }
        proxy.thaw()
      } while error?.kind == .deadlineExceeded
      #expect(error?.kind == .outcomeUnknown)
    }
  }

  @Test(
    "a transaction that loses its connection before the commit was not done, and may be retried")
  func lostBeforeCommit() async throws {
    try await withProxy { (world, proxy) async throws in
      let attempts = Counter()
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.transaction(in: .unscoped, deadline: .ample) { transaction in
          _ = try await transaction.row(Queries.bump, [.int(1)])
          proxy.cutAll()
          _ = try await transaction.row(Queries.bump, [.int(2)])
        }
      }
      #expect(error?.kind == .unavailable)
      try await world.database.transaction(
        in: .unscoped, deadline: .ample, retries: .upTo(1)
      ) { transaction in
        _ = try await transaction.row(Queries.bump, [.int(1)])
        if attempts.next() == 1 { proxy.cutAll() }
        _ = try await transaction.row(Queries.bump, [.int(2)])
      }
      for id in [Int64(1), 2] {
        #expect(
          try await world.database.row(
            Queries.counter, [.int(id)], in: .unscoped, deadline: .ample) == 1)
      }
    }
  }

  @Test("statements on their way when their backend is ended by an administrator come through")
  func terminatedBackend() async throws {
    try await TestWorld.with { (world) async throws in
      try await world.data.execute("begin; update counters set value = 0 where id = 1; commit")
      let blocker = try await AdminSession.open(
        world.data.connectionString(for: .superuser), deadline: .ample)
      try await blocker.execute("begin", deadline: .ample)
      try await blocker.execute("update counters set value = 0 where id = 1", deadline: .ample)
      let waiting = Task {
        try await world.database.row(
          Queries.bump, [.int(1)], in: .unscoped, deadline: .ample)
      }
      // The update waits for the blocker's lock when its backend is ended.
      var ended = 0
      while ended == 0 {
        ended = try await world.data.execute(
          """
          select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'
          """
        ).count
      }
      try await blocker.execute("rollback", deadline: .ample)
      #expect(try await waiting.value == 1)
      await blocker.close()
    }
  }

  @Test("many calls, all connections ended again and again: each call is answered, none twice")
  func storm() async throws {
    try await TestWorld.with { (world) async throws in
      async let attacker: Void = {
        for _ in 0..<15 { try await world.data.terminateBackends() }
      }()
      let tenant = UUID()
      let answers = await withTaskGroup(of: Result<Int, DatabaseError>.self) { group in
        for id in 0..<600 {
          group.addTask {
            await outcome { () throws(DatabaseError) in
              try await world.database.execute(
                Queries.add, [.uuid(tenant), .int(Int64(id)), .text("n")], in: .tenant(tenant),
                deadline: .ample)
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      try await attacker
      var certain = 0
      var unknown = 0
      for answer in answers {
        switch answer {
        case .success: certain += 1
        case .failure(let error) where error.kind == .outcomeUnknown: unknown += 1
        case .failure(let error): #expect(error.kind == .unavailable)
        }
      }
      let stored = try #require(
        try await world.database.row(Queries.count, in: .worker, deadline: .ample))
      #expect(stored >= Int64(certain))
      #expect(stored <= Int64(certain + unknown))
    }
  }

  @Test("a server that restarts is found again, and calls made meanwhile wait for it")
  func restart() async throws {
    let server = try await TestCluster.start()
    try await TestWorld.with(server: server, configure: { $0.patience = .seconds(60) }) {
      (world) async throws in
      #expect(
        try await world.database.row(
          Queries.bump, [.int(1)], in: .unscoped, deadline: .ample) == 1)
      for mode in [EmbeddedCluster.RestartMode.fast, .immediate] {
        async let restarting: Void = server.restart(mode)
        for _ in 0..<20 {
          _ = try await world.database.row(
            Queries.counter, [.int(1)], in: .unscoped, deadline: .ample)
        }
        try await restarting
        for await state in world.database.states where state.isHealthy { break }
      }
      #expect(
        try await world.database.row(
          Queries.counter, [.int(1)], in: .unscoped, deadline: .ample) == 1)
    }
  }

  @Test("a server that stays away is reported, and calls are refused when patience is over")
  func outage() async throws {
    let server = try await TestCluster.start()
    try await TestWorld.with(server: server, configure: { $0.patience = .milliseconds(100) }) {
      (world) async throws in
      for await state in world.database.states where state.isHealthy { break }
      #expect(world.database.state.reason == nil)
      try await server.cluster.stop()
      for await state in world.database.states where !state.isHealthy {
        #expect(state.reason != nil)
        break
      }
      for _ in 0..<2 {
        let error = await #expect(throws: DatabaseError.self) {
          try await world.database.row(Queries.pid, in: .unscoped, deadline: .ample)
        }
        #expect(error?.kind == .unavailable)
        let refused = await #expect(throws: DatabaseError.self) {
          try await world.database.transaction(in: .unscoped, deadline: .ample) {
            try await $0.row(Queries.pid)
          }
        }
        #expect(refused?.kind == .unavailable)
      }
    }
  }

  @Test("a server that falls silent is given up")
  func silence() async throws {
    try await withProxy(configure: { $0.stallTimeout = .seconds(1) }) {
      (world, proxy) async throws in
      _ = try await world.database.row(
        Queries.bump, [.int(1)], in: .unscoped, deadline: .ample)
      proxy.freeze()
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.row(Queries.bump, [.int(1)], in: .unscoped, deadline: .ample)
      }
      #expect(error?.kind == .outcomeUnknown)
      proxy.thaw()
      #expect(
        try await world.database.row(
          Queries.counter, [.int(2)], in: .unscoped, deadline: .ample) == 0)
    }
  }

  @Test("a server that refuses writes is left for another, and says so")
  func readOnly() async throws {
    try await TestWorld.with { (world) async throws in
      try await world.data.execute(
        "alter role integrationd_app in database \(world.data.name) set default_transaction_read_only = on"
      )
      try await world.data.terminateBackends()
      var error: DatabaseError?
      repeat {
        let answer = await outcome { () throws(DatabaseError) in
          try await world.database.row(
            Queries.bump, [.int(1)], in: .unscoped, deadline: .ample)
        }
        if case .failure(let failure) = answer { error = failure }
      } while error == nil
      #expect(error?.kind == .readOnly)
      try await world.data.execute(
        "alter role integrationd_app in database \(world.data.name) reset default_transaction_read_only"
      )
      // The lost connection was replaced by one with the new setting.
      _ = try await world.database.row(Queries.bump, [.int(1)], in: .unscoped, deadline: .ample)
    }
  }

  private func withProxy(
    configure: (inout DatabaseConfiguration) -> Void = { _ in },
    _ body: @Sendable (TestWorld, FaultProxy) async throws -> Void
  ) async throws {
    let shared = try await TestCluster.shared()
    let proxy = try FaultProxy(to: shared.socketDirectory)
    defer { proxy.close() }
    try await TestWorld.with(
      loopCount: 1, socketDirectory: proxy.directory, configure: configure
    ) { (world) async throws in try await body(world, proxy) }
  }
}

extension TestCluster {
  var socketDirectory: String {
    let conninfo = cluster.connectionString(for: .superuser)
    let host = conninfo.split(separator: " ").first { $0.hasPrefix("host=") } ?? ""
    return host.dropFirst("host=".count).filter { $0 != "'" }
  }
}
