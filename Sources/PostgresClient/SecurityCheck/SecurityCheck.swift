package import Reactor

/// Looks whether a database keeps tenants apart, with the database's own catalogue as the witness.
/// The daemon runs it at start, and `integrationd check` prints it.
package struct SecurityCheck: Sendable {
  private let policy: SecurityPolicy
  private let clock: @Sendable () -> Int64

  /// - Parameter clock: the daemon's time in microseconds since 1970; nil: the system's.
  package init(_ policy: SecurityPolicy, clock: (@Sendable () -> Int64)? = nil) {
    self.policy = policy
    self.clock = clock ?? { Self.systemMicroseconds() }
  }

  /// Everything that is wrong, in a fixed order; empty when nothing is.
  /// - Parameter conninfo: any login that may enter the database; catalogues are open to all.
  package func findings(
    _ conninfo: String, deadline: Deadline
  ) async throws(AdminError) -> [SecurityFinding] {
    let session = try await AdminSession.open(conninfo, deadline: deadline)
    let result: Result<[SecurityFinding], AdminError>
    do throws(AdminError) {
      result = .success(try await findings(session, deadline))
    } catch {
      result = .failure(error)
    }
    await session.close()
    return try result.get()
  }

  /// What a server's version number tells (`server_version_num`); nil when it is good.
  package static func version(number: Int) -> SecurityFinding? {
    ServerRules.version(number: number)
  }

  /// This machine's time in microseconds since 1970.
  package static func systemMicroseconds() -> Int64 { ServerRules.systemMicroseconds() }

  private func findings(
    _ session: AdminSession, _ deadline: Deadline
  ) async throws(AdminError) -> [SecurityFinding] {
    var findings = try await ServerRules.findings(session, policy, clock, deadline)
    for rule in RoleRules.all + OwnerRules.all + TableRules.all + CodeRules.all {
      let rows = try await session.query(
        rule.statement, rule.parameters(policy), deadline: deadline)
      for row in rows { findings.append(try rule.finding(row)) }
    }
    return findings
  }
}
