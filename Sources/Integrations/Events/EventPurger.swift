package import Logging
package import PostgresClient
internal import Reactor

/// Deletes events that are old and owed to nobody, with their deliveries and the log of those, and
/// what is left of deleted webhooks. In small batches and as the worker role.
package struct EventPurger: Sendable {
  private static let batch = 500
  private static let timeout = Duration.seconds(30)

  private let events: EventRepository
  private let queue: QueueRepository
  private let logger: Logger
  private let retention: Duration
  private let pause: Duration

  /// - Parameters:
  ///   - retention: how long events are kept.
  ///   - pause: between two purges, give or take a fifth.
  package init(
    database: Database, logger: Logger, retention: Duration, pause: Duration = .seconds(60)
  ) {
    events = EventRepository(database: database)
    queue = QueueRepository(database: database)
    self.logger = logger
    self.retention = retention
    self.pause = pause
  }

  /// Purges after each pause until cancelled. A failure waits for the next time.
  package func run() async throws {
    while true {
      // Spread over daemons that started together.
      try await Task.sleep(for: pause * Double.random(in: 0.8...1.2))
      do {
        let purged = try await purge()
        if purged > 0 { logger.info("purged old events", metadata: ["rows": "\(purged)"]) }
      } catch {
        logger.debug("old events were not purged: \(error)")
      }
    }
  }

  /// Deletes all that may go, after logging what was left behind by daemons that died.
  /// - Returns: how many events, and deliveries of deleted webhooks.
  package func purge() async throws -> Int {
    try await queue.abandonIdle(limit: Self.batch, deadline: .within(Self.timeout))
    var total = 0
    while true {
      let old = try await events.purge(
        olderThan: retention, limit: Self.batch, deadline: .within(Self.timeout))
      let deleted = try await queue.purgeDeleted(
        limit: Self.batch, deadline: .within(Self.timeout))
      total += old + deleted
      if old < Self.batch, deleted == 0 { return total }
    }
  }
}
