import PostgresClient
import TestSupport
import Testing

@Suite("A synchronous standby that does not answer")
struct CommitDoubtTests {
  @Test("leaves a single write whose wait is cut short of unknown outcome")
  func write() async throws {
    try await withoutStandby { world async throws in
      _ = try await world.database.row(Queries.bump, [.int(1)], in: .unscoped, deadline: .ample)
    }
  }

  @Test("leaves a transaction whose wait is cut short of unknown outcome")
  func transaction() async throws {
    try await withoutStandby { world async throws in
      try await world.database.transaction(in: .unscoped, deadline: .ample) { transaction in
        _ = try await transaction.row(Queries.bump, [.int(1)])
      }
    }
  }

  /// Lets `write` wait for a standby that is not there, cancels the wait as an administrator would, and
  /// expects the doubt: done here, and perhaps nowhere else.
  private func withoutStandby(
    _ write: @escaping @Sendable (TestWorld) async throws -> Void
  ) async throws {
    let server = try await TestCluster.start()
    let world = try await TestWorld(server: server, loopCount: 1)
    try await server.execute("alter system set synchronous_standby_names = 'nobody'")
    try await server.restart(.fast)
    try await world.run { world async throws in
      let writing = Task {
        do {
          try await write(world)
          return nil as DatabaseError?
        } catch {
          return error as? DatabaseError
        }
      }
      var cut = 0
      while cut == 0 {
        cut = try await world.data.execute(
          "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'"
        ).count
      }
      #expect(await writing.value?.kind == .outcomeUnknown)
    }
  }
}
