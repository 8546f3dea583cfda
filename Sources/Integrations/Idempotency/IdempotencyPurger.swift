package import Logging
package import PostgresClient
internal import Reactor

/// Deletes answers that have expired, in small batches and as the worker role.
package struct IdempotencyPurger: Sendable {
  private static let batch = 500
  private static let timeout = Duration.seconds(10)

  private let database: Database
  private let logger: Logger
  private let pause: Duration

  /// - Parameter pause: between two purges, give or take a fifth.
  package init(database: Database, logger: Logger, pause: Duration = .seconds(60)) {
    self.database = database
    self.logger = logger
    self.pause = pause
  }

  /// Purges after each pause until cancelled. A failure waits for the next time: expired answers do
  /// no harm.
  package func run() async throws {
    while true {
      // Spread over daemons that started together.
      try await Task.sleep(for: pause * Double.random(in: 0.8...1.2))
      do throws(DatabaseError) {
        let purged = try await purge()
        if purged > 0 {
          logger.debug("purged idempotent requests", metadata: ["rows": "\(purged)"])
        }
      } catch {
        logger.debug("idempotent requests were not purged: \(error)")
      }
    }
  }

  /// Deletes all that has expired.
  /// - Returns: how many rows.
  package func purge() async throws(DatabaseError) -> Int {
    var total = 0
    while true {
      let rows = try await database.rows(
        IdempotentRequestQueries.purge, [.int(Int64(Self.batch))], in: .worker,
        deadline: .within(Self.timeout))
      let purged = rows.first.map(Int.init) ?? 0
      total += purged
      if purged < Self.batch { return total }
    }
  }
}
