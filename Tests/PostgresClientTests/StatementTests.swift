import FoundationEssentials
import PostgresClient
import Reactor
import Testing

@Suite struct StatementTests {
  @Test("a statement is answered, and its tenant's rows only are seen")
  func rowsOfTenant() async throws {
    try await TestWorld.with { world in
      let (one, two) = (UUID(), UUID())
      for (tenant, body) in [(one, "first"), (two, "second")] {
        let touched = try await world.database.execute(
          Queries.add, [.uuid(tenant), .int(1), .text(body)], in: .tenant(tenant), deadline: .ample)
        #expect(touched == 1)
      }
      #expect(
        try await world.database.rows(Queries.bodies, in: .tenant(one), deadline: .ample)
          == ["first"])
      #expect(
        try await world.database.row(Queries.count, in: .worker, deadline: .ample) == 2)
    }
  }
}
