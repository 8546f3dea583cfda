internal import Reactor

/// The table in which a database remembers its migrations.
struct MigrationHistory {
  let session: AdminSession

  static let table = "integrationd_migrations"

  /// Makes the table; only under the lock, for two `create table if not exists` at once may fail.
  func prepare(deadline: Deadline) async throws(AdminError) {
    guard try await !exists(deadline: deadline) else { return }
    try await session.execute(
      """
      create table \(Self.table) (
        name text primary key,
        checksum text not null check (length(checksum) = 64),
        applied_at timestamptz not null default clock_timestamp(),
        duration_ms bigint not null check (duration_ms >= 0)
      )
      """, deadline: deadline)
  }

  func applied(deadline: Deadline) async throws(AdminError) -> [AppliedMigration] {
    guard try await exists(deadline: deadline) else { return [] }
    let rows = try await session.execute(
      "select name, checksum from \(Self.table)", deadline: deadline)
    return try rows.map { row throws(AdminError) in
      AppliedMigration(name: try row.text("name"), checksum: try row.text("checksum"))
    }
  }

  /// Remembers a migration; in the transaction that applies it.
  func record(
    _ migration: Migration, took duration: Duration, deadline: Deadline
  ) async throws(AdminError) {
    let milliseconds = duration.saturatingNanoseconds / 1_000_000
    try await session.query(
      "insert into \(Self.table) (name, checksum, duration_ms) values ($1, $2, $3::bigint)",
      [migration.name, migration.checksum, "\(milliseconds)"], deadline: deadline)
  }

  private func exists(deadline: Deadline) async throws(AdminError) -> Bool {
    let rows = try await session.query(
      "select to_regclass($1) is not null as found", [Self.table], deadline: deadline)
    return try rows.first?.bool("found") == true
  }
}
