internal import FoundationEssentials
internal import Integrations
internal import KeyRules
internal import Logging
internal import PostgresClient
internal import Reactor

/// Looks at everything the daemon depends on, without changing it.
struct Inspection {
  let configuration: Configuration
  let logger: Logger

  func run() async throws -> CheckReport {
    var report = CheckReport()
    inspectPolicy(&report)
    let keyring = inspectKeyring(&report)
    let isEmbedded = configuration.database == nil
    if isEmbedded, !EmbeddedCluster.exists(in: configuration.stateDirectory) {
      report.warn(
        "database", "there is no embedded PostgreSQL in \(configuration.stateDirectory) yet",
        remedy: "integrationd migrate, or start the daemon")
      return report
    }
    // One process at a time has an embedded cluster; a database that was named has room for many.
    let state = isEmbedded ? try StateDirectory(configuration.stateDirectory) : nil
    let loops = try EventLoopGroup(count: 1, name: "loop")
    do {
      let home = try await DatabaseHome.open(
        configuration, setUp: .asFound, loops: loops, logger: logger)
      do {
        report.ok("database", home.cluster == nil ? "reached" : "embedded PostgreSQL started")
        try await inspect(home, keyring, loops, &report)
      } catch {
        await home.close(logger)
        throw error
      }
      await home.close(logger)
    } catch let failure as DaemonFailure {
      report.fail("database", failure.description)
    } catch let error as EmbeddedClusterError {
      report.fail("database", error.description)
    }
    await loops.shutdown()
    return withExtendedLifetime(state) { report }
  }

  private func inspectPolicy(_ report: inout CheckReport) {
    do throws(ConfigurationError) {
      let policy = try PolicyLoader(path: configuration.accessPolicy).load()
      report.ok(
        "access",
        configuration.accessPolicy == nil
          ? "no policy: root and this daemon's user may call everything"
          : "\(policy.entries.count) callers")
    } catch {
      report.fail("access", error.description)
    }
  }

  private func inspectKeyring(_ report: inout CheckReport) -> Keyring? {
    do throws(KeyringError) {
      let keyring = try KeyringStore(path: configuration.keyring).load()
      report.ok("keyring", "\(keyring.fingerprints.count) keys in \(configuration.keyring)")
      return keyring
    } catch {
      if case .notFound = error, configuration.database == nil {
        report.ok("keyring", "none yet: the daemon makes one when it starts")
      } else {
        report.fail("keyring", error.description, remedy: "see integrationd keyring init --help")
      }
      return nil
    }
  }

  private func inspect(
    _ home: DatabaseHome, _ keyring: Keyring?, _ loops: EventLoopGroup,
    _ report: inout CheckReport
  ) async throws {
    let missing = try await home.missing()
    if !missing.isEmpty {
      report.warn(
        "roles", "not as they must be",
        remedy: "integrationd migrate, or start the daemon; where its login may not, an "
          + "administrator:\n" + missing.map { "\($0);" }.joined(separator: "\n"))
      // Without its roles nobody can enter.
      if home.cluster != nil { return }
    }
    let keeper = SchemaKeeper(owner: home.owner, logger: logger)
    do throws(MigrationError) {
      let pending = try await keeper.pending()
      guard pending.isEmpty else {
        report.warn(
          "migrations", "not applied: \(pending.joined(separator: ", "))",
          remedy: "integrationd migrate, or start the daemon")
        return
      }
      report.ok("migrations", "\(Schema.migrations.count) applied")
    } catch {
      report.fail("migrations", error.description)
      return
    }
    let findings = try await keeper.findings()
    for finding in findings {
      switch finding.severity {
      case .fatal: report.fail("security", finding.problem, remedy: finding.remedy)
      case .warning: report.warn("security", finding.problem, remedy: finding.remedy)
      }
    }
    if findings.isEmpty { report.ok("security", "roles, row level security and clock") }
    if let keyring, missing.isEmpty { try await compare(keyring, home, loops, &report) }
  }

  private func compare(
    _ keyring: Keyring, _ home: DatabaseHome, _ loops: EventLoopGroup,
    _ report: inout CheckReport
  ) async throws {
    let database = try Database(
      configuration: home.connections, loops: loops, logger: logger)
    let missing = try await Background.run([{ await database.run() }]) {
      try await KeyringCheck(database: database).missing(
        from: keyring, deadline: .within(.seconds(10)))
    }
    if missing.isEmpty {
      report.ok("keys", "the keyring fits the database")
    } else {
      let names = missing.map { "\($0.purpose.rawValue) \($0.version)" }.joined(separator: ", ")
      report.fail(
        "keys", "the database was written with other keys: \(names)",
        remedy: "restore the keyring from a backup")
    }
  }
}
