internal import Integrations
internal import PostgresClient

/// Tells the health registry how the database is doing.
struct HealthWatch: Sendable {
  static let database = "database"

  let database: Database
  let registry: HealthRegistry

  /// Until the database client ends, or cancelled.
  func run() async throws {
    for await state in database.states {
      registry.report(
        Self.database,
        state.isHealthy
          ? .healthy : ComponentStatus(.unhealthy, state.reason ?? "cannot be reached"))
    }
    // The stream also ends with the client; background work ends by being cancelled.
    try await Task.sleep(for: .seconds(Int64.max / 1_000_000_000_000))
  }
}
