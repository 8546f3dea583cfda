import FoundationEssentials
import PostgresClient
import Reactor
import Testing

@Suite("Lookups that wait for each other")
struct GatheringTests {
  struct Found: Sendable {
    let rank: Int64
    let backend: Int64
  }

  /// Finds nothing before it has a lock, which the tests hold.
  static let find = Lookup(
    "parts.blocked",
    """
    select asked.rank, pg_backend_pid()
    from parts as p
    where p.id = asked.id
      and pg_advisory_xact_lock_shared(1) is not null
    """
  ) { row throws(RowError) in Found(rank: try row.int(), backend: try row.int()) }

  static let waitForLock = Query(
    "lock.wait", "select pg_advisory_xact_lock_shared(1) is not null"
  ) { row throws(RowError) in try row.bool() }

  /// A database with `count` parts of a tenant, a loop with two connections to it, and a session that can
  /// hold the lock.
  private struct Scene: Sendable {
    let world: TestWorld
    let tenant: UUID
    let ids: [UUID]
    private let holder: AdminSession

    static func with(
      parts count: Int, maxCallsPerSync: Int = 64, gathering: Duration = .seconds(100),
      _ body: @Sendable (Scene) async throws -> Void
    ) async throws {
      let world = try await TestWorld(loopCount: 1) {
        $0.readConnections = 2
        $0.maxCallsPerSync = maxCallsPerSync
        $0.gathering = gathering
      }
      try await world.run { world in
        let tenant = UUID()
        let ids = (0..<count).map { _ in UUID() }
        for id in ids {
          try await world.database.execute(
            LookupTests.add, [.uuid(tenant), .uuid(id), .int(1)], in: .tenant(tenant),
            deadline: .ample)
        }
        let holder = try await AdminSession.open(
          world.data.connectionString(for: .superuser), deadline: .ample)
        let scene = Scene(world: world, tenant: tenant, ids: ids, holder: holder)
        try await scene.openBoth()
        try await scene.world.loops.loops[0].run { try await body(scene) }
        await holder.close()
      }
    }

    func hold() async throws {
      try await holder.execute("select pg_advisory_lock(1)", deadline: .ample)
    }

    func letGo() async throws {
      try await holder.execute("select pg_advisory_unlock(1)", deadline: .ample)
    }

    /// The second connection comes when the first has two groups.
    private func openBoth() async throws {
      try await hold()
      try await world.loops.loops[0].run {
        try await withThrowingTaskGroup { group in
          for _ in 0..<3 {
            group.addTask {
              _ = try await world.database.row(
                GatheringTests.waitForLock, in: .unscoped, deadline: .ample)
            }
            await world.loops.loops[0].nextTurn()
          }
          try await awaitBlocked(2)
          try await letGo()
          try await group.waitForAll()
        }
      }
    }

    func find(_ index: Int) async throws -> Found {
      try #require(
        try await world.database.row(
          GatheringTests.find, ids[index], of: tenant, deadline: .ample))
    }

    /// Until so many statements wait for the lock.
    func awaitBlocked(_ count: Int) async throws {
      for _ in 0..<2000 {
        let blocked = try await world.data.execute(
          """
          select from pg_stat_activity
          where wait_event = 'advisory' and datname = current_database()
          """)
        if blocked.count >= count { return }
      }
      throw NeverBlocked()
    }
  }

  private struct NeverBlocked: Error {}

  /// Asks for parts, each in a turn of its own, while the first waits for the lock, and lets that go once
  /// so many statements wait for it.
  /// - Returns: what the first found, and what the others did.
  private static func ask(_ scene: Scene, statementsWaiting: Int) async throws -> (
    first: Found, others: [Found]
  ) {
    try await scene.hold()
    return try await withThrowingTaskGroup(of: (Int, Found).self) { group in
      for index in scene.ids.indices {
        group.addTask { (index, try await scene.find(index)) }
        // Its task, on the same loop, comes before this one.
        await scene.world.loops.loops[0].nextTurn()
      }
      try await scene.awaitBlocked(statementsWaiting)
      try await scene.letGo()
      var found: [Int: Found] = [:]
      for try await (index, one) in group { found[index] = one }
      let first = try #require(found[0])
      return (first, found.filter { $0.key > 0 }.map(\.value))
    }
  }

  @Test("those that come while the server is at one are one statement, though a connection is free")
  func gathered() async throws {
    try await Scene.with(parts: 21) { scene in
      let (_, others) = try await Self.ask(scene, statementsWaiting: 1)
      #expect(others.map(\.rank).sorted() == Array(1...20))
      #expect(Set(others.map(\.backend)).count == 1)
    }
  }

  @Test("as many as make a full group do not wait")
  func full() async throws {
    try await Scene.with(parts: 6, maxCallsPerSync: 5) { scene in
      let (first, others) = try await Self.ask(scene, statementsWaiting: 2)
      #expect(others.map(\.rank).sorted() == Array(1...5))
      #expect(others.allSatisfy { $0.backend != first.backend })
    }
  }

  @Test("they do not wait for one that takes long")
  func patience() async throws {
    try await Scene.with(parts: 3, gathering: .milliseconds(300)) { scene in
      let (first, others) = try await Self.ask(scene, statementsWaiting: 2)
      #expect(others.allSatisfy { $0.backend != first.backend })
    }
  }

  @Test("a statement of another kind does not wait with them, and they do not wait for it")
  func apart() async throws {
    try await Scene.with(parts: 2) { scene in
      try await scene.hold()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { _ = try await scene.find(0) }
        await scene.world.loops.loops[0].nextTurn()
        try await scene.awaitBlocked(1)
        group.addTask { _ = try await scene.find(1) }
        await scene.world.loops.loops[0].nextTurn()
        // With the connection that is free, while the lookup waits for company.
        let echo = try await scene.world.database.row(
          Queries.echo, [.text("x")], in: .unscoped, deadline: .within(.seconds(20)))
        #expect(echo == "x")
        try await scene.letGo()
        try await group.waitForAll()
      }
    }
  }

  @Test("those that wait are answered when the connection of those before them is lost")
  func lost() async throws {
    try await Scene.with(parts: 5) { scene in
      try await scene.hold()
      try await withThrowingTaskGroup { group in
        for index in scene.ids.indices {
          group.addTask { _ = try await scene.find(index) }
          await scene.world.loops.loops[0].nextTurn()
        }
        try await scene.awaitBlocked(1)
        try await scene.world.data.execute(
          """
          select pg_terminate_backend(pid)
          from pg_stat_activity
          where wait_event = 'advisory' and datname = current_database()
          """)
        try await scene.awaitBlocked(1)
        try await scene.letGo()
        try await group.waitForAll()
      }
    }
  }
}
