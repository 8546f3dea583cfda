import PostgresClient
import TestSupport
import Testing

@Suite("Several hosts, the first of which takes no writes")
struct StandbyTests {
  @Test("sessions go to the one that does")
  func standard() async throws {
    try await withStandby { world async throws in
      #expect(
        try await world.database.row(
          Queries.bump, [.int(1)], in: .unscoped, deadline: .ample) == 1)
      let second = try await world.database.transaction(in: .unscoped, deadline: .ample) {
        try await $0.row(Queries.bump, [.int(1)])
      }
      #expect(second == 2)
    }
  }

  @Test("a single write that was refused is the last on that host")
  func write() async throws {
    try await withStandby(" target_session_attrs=any") { world async throws in
      let errors = await self.errors { () async throws in
        _ = try await world.database.row(
          Queries.bump, [.int(1)], in: .unscoped, deadline: .ample)
      }
      #expect(errors == [.readOnly])
    }
  }

  @Test("a transaction that was refused is the last on that host")
  func transaction() async throws {
    try await withStandby(" target_session_attrs=any") { world async throws in
      let errors = await self.errors { () async throws in
        try await world.database.transaction(in: .unscoped, deadline: .ample) { transaction in
          _ = try await transaction.row(Queries.bump, [.int(1)])
        }
      }
      #expect(errors == [.readOnly])
    }
  }

  /// The errors of `body` until it succeeds, at most ten.
  private func errors(_ body: () async throws -> Void) async -> [DatabaseError.Kind] {
    var errors: [DatabaseError.Kind] = []
    for _ in 0..<10 {
      do {
        try await body()
        return errors
      } catch {
        errors.append((error as? DatabaseError)?.kind ?? .misuse("\(error)"))
      }
    }
    return errors
  }

  /// A world whose client is given two servers with the same database; the first is read-only.
  private func withStandby(
    _ settings: String = "", _ body: @Sendable (TestWorld) async throws -> Void
  ) async throws {
    let standby = try await TestCluster.start()
    let primary = try await TestCluster.shared()
    let hosts = "\(standby.socketDirectory),\(primary.socketDirectory)"
    let world = try await TestWorld(
      loopCount: 1,
      configure: {
        $0.app.conninfo += " host=\(hosts)\(settings)"
        $0.transactionConnections = 1
      })
    let twin = try await TestDatabase.make([TestWorld.schema], on: standby)
    try await standby.execute("alter database \(twin.name) rename to \(world.data.name)")
    try await standby.execute("alter system set default_transaction_read_only = on")
    try await standby.restart(.fast)
    try await world.run(body)
  }
}
