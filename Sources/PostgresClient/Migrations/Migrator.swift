package import Reactor

/// Brings the schema of a database up to date. Safe when several daemons start at once, and when
/// one is killed in the middle: each migration is one transaction that also remembers it.
package struct Migrator: Sendable {
  private let migrations: [Migration]
  private let tuning: Tuning
  private let progress: @Sendable (Progress) -> Void

  /// How a migration deals with tables in use.
  package struct Tuning: Sendable {
    /// How long a statement waits for a lock. Requests queue up behind a waiting `alter table`, so
    /// this bounds how long a running daemon stands still.
    package var lockTimeout: Duration
    /// How often a migration is tried that found its tables locked.
    package var tries: Int
    /// The pause after the first try; doubles with each, up to a hundredfold.
    package var pause: Duration

    /// How long another daemon that migrates the same database is waited for.
    package var othersLimit: Duration

    package init(
      lockTimeout: Duration = .seconds(1), tries: Int = 10, pause: Duration = .milliseconds(100),
      othersLimit: Duration = .seconds(600)
    ) {
      self.lockTimeout = lockTimeout
      self.tries = tries
      self.pause = pause
      self.othersLimit = othersLimit
    }
  }

  /// What happens, in order.
  package enum Progress: Sendable, Equatable {
    /// Waits for other daemons that migrate the same database.
    case waitingForLock
    case applying(name: String, number: Int, of: Int)
    /// A table was locked; the migration will be tried again.
    case retrying(name: String, nextTry: Int)
    case applied(name: String, took: Duration)
  }

  /// - Parameters:
  ///   - migrations: all there are, in the order of their names.
  ///   - progress: called on no particular thread, one call at a time.
  package init(
    _ migrations: [Migration], tuning: Tuning = Tuning(),
    progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) {
    self.migrations = migrations
    self.tuning = tuning
    self.progress = progress
  }

  /// Applies what is missing.
  /// - Parameter conninfo: logs in as the role that shall own the tables.
  /// - Returns: the names of what was applied now, in order.
  @discardableResult
  package func migrate(
    _ conninfo: String, deadline: Deadline
  ) async throws(MigrationError) -> [String] {
    let session = try await open(conninfo, deadline)
    let result: Result<[String], MigrationError>
    do throws(MigrationError) {
      result = .success(try await migrate(session, deadline))
    } catch {
      result = .failure(error)
    }
    // The end of the session also gives back the lock.
    await session.close()
    return try result.get()
  }

  /// The names of what ``migrate(_:deadline:)`` would apply. Changes nothing and takes no lock.
  /// - Throws: ``MigrationError`` when the database does not fit to our list.
  package func pending(
    _ conninfo: String, deadline: Deadline
  ) async throws(MigrationError) -> [String] {
    let session = try await open(conninfo, deadline)
    let result: Result<[AppliedMigration], MigrationError>
    do throws(AdminError) {
      result = .success(try await MigrationHistory(session: session).applied(deadline: deadline))
    } catch {
      result = .failure(.database(error))
    }
    await session.close()
    return try MigrationPlan(known: migrations, applied: result.get()).pending.map(\.name)
  }

  // MARK: Steps

  private func open(
    _ conninfo: String, _ deadline: Deadline
  ) async throws(MigrationError) -> AdminSession {
    do throws(AdminError) {
      return try await AdminSession.open(conninfo, deadline: deadline)
    } catch {
      throw .database(error)
    }
  }

  private func migrate(
    _ session: AdminSession, _ deadline: Deadline
  ) async throws(MigrationError) -> [String] {
    // A wrong list is told before anybody waits for a lock.
    _ = try MigrationPlan(known: migrations, applied: [])
    try await takeLock(session, deadline)
    let history = MigrationHistory(session: session)
    let applied: [AppliedMigration]
    do throws(AdminError) {
      try await history.prepare(deadline: deadline)
      applied = try await history.applied(deadline: deadline)
    } catch {
      throw .database(error)
    }
    let pending = try MigrationPlan(known: migrations, applied: applied).pending
    for (index, migration) in pending.enumerated() {
      progress(.applying(name: migration.name, number: index + 1, of: pending.count))
      let began = MonotonicInstant.now()
      try await apply(migration, history, deadline)
      progress(.applied(name: migration.name, took: began.duration(to: .now())))
    }
    return pending.map(\.name)
  }

  /// Held by the session: one process migrates a database at a time.
  private func takeLock(
    _ session: AdminSession, _ deadline: Deadline
  ) async throws(MigrationError) {
    do throws(AdminError) {
      try await session.execute(
        """
        set client_min_messages = warning;
        set statement_timeout = 0;
        set idle_in_transaction_session_timeout = 0;
        set lock_timeout = 0
        """, deadline: deadline)
      let rows = try await session.query(
        "select pg_try_advisory_lock($1::bigint) as taken", [Self.lockKey], deadline: deadline)
      if try rows.first?.bool("taken") == true { return }
    } catch {
      throw .database(error)
    }
    progress(.waitingForLock)
    do throws(AdminError) {
      try await session.query(
        "select pg_advisory_lock($1::bigint)", [Self.lockKey],
        deadline: deadline.sooner(.within(tuning.othersLimit)))
    } catch {
      throw error == .deadlineExceeded ? .lockNotAvailable : .database(error)
    }
  }

  /// "integrat" in ASCII: one key for every version of this program.
  private static let lockKey = "\(0x696e_7465_6772_6174)"

  private func apply(
    _ migration: Migration, _ history: MigrationHistory, _ deadline: Deadline
  ) async throws(MigrationError) {
    var pause = tuning.pause
    for number in 1...max(1, tuning.tries) {
      do throws(AdminError) {
        try await attempt(migration, history, deadline)
        return
      } catch {
        guard Self.isLockConflict(error) else { throw .failed(name: migration.name, error) }
      }
      guard number < tuning.tries else { break }
      progress(.retrying(name: migration.name, nextTry: number + 1))
      do {
        try await Task.sleep(for: min(pause, deadline.remaining) * Double.random(in: 0.5...1))
      } catch {
        throw .database(.cancelled)
      }
      pause = min(pause * 2, tuning.pause * 100)
    }
    throw .blocked(name: migration.name, tries: max(1, tuning.tries))
  }

  private func attempt(
    _ migration: Migration, _ history: MigrationHistory, _ deadline: Deadline
  ) async throws(AdminError) {
    let session = history.session
    let milliseconds = max(1, tuning.lockTimeout.saturatingNanoseconds / 1_000_000)
    try await session.execute(
      "begin; set local lock_timeout = \(milliseconds)", deadline: deadline)
    do throws(AdminError) {
      let began = MonotonicInstant.now()
      try await session.execute(migration.sql, deadline: deadline)
      guard await session.isInTransaction else {
        throw .unexpectedResult("the script ends the transaction it runs in")
      }
      try await history.record(migration, took: began.duration(to: .now()), deadline: deadline)
      try await session.execute("commit", deadline: deadline)
    } catch {
      // A session that cannot roll back is over, and its transaction with it; the first error tells
      // more than that.
      if error.sqlState != nil { _ = try? await session.execute("rollback", deadline: deadline) }
      throw error
    }
  }

  /// lock_not_available, deadlock_detected.
  private static func isLockConflict(_ error: AdminError) -> Bool {
    error.sqlState == "55P03" || error.sqlState == "40P01"
  }
}
