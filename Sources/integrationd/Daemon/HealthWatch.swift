internal import Integrations
internal import PostgresClient

/// Tells the health registry how the parts of the daemon are doing.
struct HealthWatch: Sendable {
  /// The component that services with data need.
  static let database = "database"
  /// How often parts that do not tell by themselves are looked at.
  private static let interval = Duration.seconds(1)

  /// A part that is looked at.
  struct Part: Sendable {
    let name: String
    let status: @Sendable () -> ComponentStatus
  }

  let registry: HealthRegistry

  /// Follows the database until its client ends, or cancelled.
  func follow(_ database: Database) async throws {
    for await state in database.states {
      registry.report(
        Self.database,
        state.isHealthy
          ? .healthy : ComponentStatus(.unhealthy, state.reason ?? "cannot be reached"))
    }
  }

  /// Looks at parts until cancelled.
  func look(at parts: [Part]) async throws {
    while true {
      for part in parts { registry.report(part.name, part.status()) }
      try await Task.sleep(for: Self.interval)
    }
  }
}
