import FoundationEssentials
import PostgresClient
import Reactor
import Synchronization
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

  /// Asks for a part again and again while a lookup that was sent before waits for the lock, and lets the
  /// lock go once so many statements wait for it.
  /// - Returns: what the first found, and what the others did.
  private static func ask(
    _ count: Int, maxCallsPerSync: Int = 64, gathering: Duration = .seconds(100),
    statementsWaiting: Int
  ) async throws -> (first: Found, others: [Found]) {
    let world = try await TestWorld(loopCount: 1) {
      $0.readConnections = 2
      $0.maxCallsPerSync = maxCallsPerSync
      $0.gathering = gathering
    }
    let tenant = UUID()
    let ids = (0...count).map { _ in UUID() }
    let answers = Answers()
    try await world.run { world in
      for id in ids {
        try await world.database.execute(
          LookupTests.add, [.uuid(tenant), .uuid(id), .int(1)], in: .tenant(tenant),
          deadline: .ample)
      }
      let holder = try await AdminSession.open(
        world.data.connectionString(for: .superuser), deadline: .ample)
      try await holder.execute("select pg_advisory_lock(1)", deadline: .ample)
      try await world.loops.loops[0].run {
        try await withThrowingTaskGroup { group in
          for (index, id) in ids.enumerated() {
            group.addTask {
              let found = try await world.database.row(
                Self.find, id, of: tenant, deadline: .ample)
              answers.add(try #require(found), isFirst: index == 0)
            }
            // Its task, on the same loop, comes before this one.
            await world.loops.loops[0].nextTurn()
            if index == 0 { try await Self.awaitBlocked(1, in: world) }
          }
          try await Self.awaitBlocked(statementsWaiting, in: world)
          try await holder.execute("select pg_advisory_unlock(1)", deadline: .ample)
          try await group.waitForAll()
        }
      }
      await holder.close()
    }
    return (try #require(answers.first), answers.others)
  }

  private static func awaitBlocked(_ count: Int, in world: TestWorld) async throws {
    while try await world.data.execute(
      """
      select from pg_stat_activity
      where wait_event = 'advisory' and datname = current_database()
      """
    ).count < count {}
  }

  @Test("those that come while the server is at one are one statement, though a connection is free")
  func gathered() async throws {
    let (_, others) = try await Self.ask(20, statementsWaiting: 1)
    #expect(others.map(\.rank).sorted() == Array(1...20))
    #expect(Set(others.map(\.backend)).count == 1)
  }

  @Test("as many as make a full group do not wait")
  func full() async throws {
    let (first, others) = try await Self.ask(5, maxCallsPerSync: 5, statementsWaiting: 2)
    #expect(others.map(\.rank).sorted() == Array(1...5))
    #expect(others.allSatisfy { $0.backend != first.backend })
  }

  @Test("they do not wait for one that takes long")
  func patience() async throws {
    let (first, others) = try await Self.ask(1, gathering: .milliseconds(1), statementsWaiting: 2)
    #expect(others.allSatisfy { $0.rank == 1 && $0.backend != first.backend })
  }
}

/// What lookups found, each as it came.
private final class Answers: Sendable {
  private struct State {
    var first: GatheringTests.Found?
    var others: [GatheringTests.Found] = []
  }

  private let state = Mutex(State())

  var first: GatheringTests.Found? { state.withLock(\.first) }
  var others: [GatheringTests.Found] { state.withLock(\.others) }

  func add(_ found: GatheringTests.Found, isFirst: Bool) {
    state.withLock { if isFirst { $0.first = found } else { $0.others.append(found) } }
  }
}
