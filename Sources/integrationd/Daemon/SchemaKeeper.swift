internal import Integrations
internal import Logging
internal import PostgresClient
internal import Reactor

/// Brings the schema up to date and refuses a database that would not keep tenants apart.
struct SchemaKeeper {
  let owner: ConnectionString
  let logger: Logger

  /// Long enough for migrations of large tables, and for another daemon's.
  private static let longestMigration = Duration.seconds(600)

  /// - Throws: ``DaemonFailure``
  func bringUpToDate() async throws {
    try await migrate()
    try await verify()
  }

  /// - Returns: the names of the migrations that were applied.
  @discardableResult
  func migrate() async throws(DaemonFailure) -> [String] {
    let migrator = Migrator(Schema.migrations) { step in
      switch step {
      case .waitingForLock: logger.info("another process migrates the database, waiting")
      case .applying(let name, let number, let count):
        logger.info("migrating", metadata: ["migration": "\(name)", "of": "\(number)/\(count)"])
      case .retrying(let name, let number):
        logger.info(
          "migration waits for locks", metadata: ["migration": "\(name)", "try": "\(number)"])
      case .applied(let name, let duration):
        logger.debug("migrated", metadata: ["migration": "\(name)", "took": "\(duration)"])
      }
    }
    do throws(MigrationError) {
      return try await migrator.migrate(owner.reveal(), deadline: .within(Self.longestMigration))
    } catch {
      throw DaemonFailure(.unavailable, error.description)
    }
  }

  /// Logs what is weaker than it should be, and refuses what breaks isolation.
  private func verify() async throws {
    let findings = try await findings()
    for finding in findings where finding.severity == .warning {
      // A log's line is short, and half a script worse than none.
      let remedy =
        finding.remedy.contains("\n")
        ? "integrationd check prints the statements" : finding.remedy
      logger.warning("\(finding.problem)", metadata: ["remedy": "\(remedy)"])
    }
    let fatal = findings.filter { $0.severity == .fatal }
    guard fatal.isEmpty else {
      let list = fatal.map { "  - \($0)" }.joined(separator: "\n")
      throw DaemonFailure(
        .unavailable, "the database would not keep tenants apart, so nothing is served:\n\(list)")
    }
  }

  /// What the start-up check finds.
  func findings() async throws(AdminError) -> [SecurityFinding] {
    try await SecurityCheck(Schema.security).findings(
      owner.reveal(), deadline: .within(.seconds(60)))
  }

  /// Migrations that were not applied.
  func pending() async throws(MigrationError) -> [String] {
    try await Migrator(Schema.migrations).pending(
      owner.reveal(), deadline: .within(.seconds(30)))
  }
}
