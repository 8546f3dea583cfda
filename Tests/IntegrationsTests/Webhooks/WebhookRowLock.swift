import IntegrationAPI
import Integrations
import PostgresClient
import Reactor
import TestSupport
import Testing

/// A session that holds the row of a webhook, so that others have to wait.
struct WebhookRowLock: Sendable {
  private let store: TestDatabase
  private let session: AdminSession
  private let deadline = Deadline.within(.seconds(60))

  init(_ world: WebhooksWorld, _ id: String) async throws {
    store = try #require(world.store)
    session = try await AdminSession.open(
      store.connectionString(for: .superuser), deadline: deadline)
    _ = try await session.execute("begin", deadline: deadline)
    _ = try await session.execute(
      "select from integrationd.webhooks where id = '\(id)' for update", deadline: deadline)
  }

  /// Returns when another session of this database waits for a lock.
  func untilSomebodyWaits() async throws {
    while true {
      let rows = try await store.execute(
        """
        select count(*) as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'
        """)
      if try rows.first?.int("n") ?? 0 > 0 { return }
      await Task.yield()
    }
  }

  /// Runs a last statement, and lets the others go on.
  func commit(_ statement: String) async throws {
    _ = try await session.execute(statement, deadline: deadline)
    _ = try await session.execute("commit", deadline: deadline)
    await session.close()
  }
}
