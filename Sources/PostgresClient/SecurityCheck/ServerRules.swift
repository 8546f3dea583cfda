internal import Glibc
internal import Reactor

/// Rules about the server: its version, whether it keeps what it acknowledged, its encoding and its
/// clock.
enum ServerRules {
  static func findings(
    _ session: AdminSession, _ policy: SecurityPolicy, _ clock: @Sendable () -> Int64,
    _ deadline: Deadline
  ) async throws(AdminError) -> [SecurityFinding] {
    let before = clock()
    let rows = try await session.execute(
      """
      select current_setting('server_version_num') as version,
        current_setting('fsync') as fsync,
        current_setting('full_page_writes') as full_page_writes,
        current_setting('synchronous_commit') as synchronous_commit,
        pg_encoding_to_char(encoding) as encoding,
        (extract(epoch from clock_timestamp()) * 1000000)::bigint as now
      from pg_database
      where datname = current_database()
      """, deadline: deadline)
    let after = clock()
    guard let row = rows.first else { throw .unexpectedResult("no row") }
    return try [version(row), encoding(row)].compactMap { $0 } + settings(row)
      + [skew(Int64(row.int("now")), before: before, after: after, limit: policy.clockSkewLimit)]
      .compactMap { $0 }
  }

  /// The first versions without CVE-2025-8713, through which statistics told about rows that
  /// policies hide.
  private static let firstGoodVersions = [15: 150_014, 16: 160_010, 17: 170_006]

  static func version(number: Int) -> SecurityFinding? {
    let major = number / 10_000
    let oldest = PostgresInstallation.oldestMajorVersion
    let needed = major < oldest ? firstGoodVersions[oldest] : firstGoodVersions[major]
    guard let needed, number < needed else { return nil }
    return SecurityFinding(
      kind: .serverTooOld(versionNumber: number),
      problem: """
        PostgreSQL \(major).\(number % 10_000) has known holes in row level security \
        (CVE-2025-8713)
        """,
      remedy: "install PostgreSQL \(needed / 10_000).\(needed % 10_000) or newer and restart it")
  }

  private static func version(_ row: AdminRow) throws(AdminError) -> SecurityFinding? {
    version(number: try row.int("version"))
  }

  private static func encoding(_ row: AdminRow) throws(AdminError) -> SecurityFinding? {
    let encoding = try row.text("encoding")
    guard encoding != "UTF8" else { return nil }
    return SecurityFinding(
      kind: .encodingNotUTF8(encoding),
      problem: "the database's encoding is \(encoding): text may be refused or altered",
      remedy: "create a database with template template0 encoding 'UTF8' and move the data there")
  }

  private static func settings(_ row: AdminRow) throws(AdminError) -> [SecurityFinding] {
    var findings: [SecurityFinding] = []
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
      guard try row.text(setting) == "off" else { continue }
      let reload = setting == "synchronous_commit" ? " (and for roles that set it)" : ""
      findings.append(
        SecurityFinding(
          kind: .settingOff(setting),
          problem: "\(setting) is off: a crash can lose or damage what was acknowledged",
          remedy: "alter system set \(setting) = on\(reload); select pg_reload_conf()"))
    }
    return findings
  }

  /// The query's own time counts for neither side: the database looked at its clock somewhere
  /// between `before` and `after`.
  static func skew(
    _ database: Int64, before: Int64, after: Int64, limit: Duration
  ) -> SecurityFinding? {
    let behind = before.subtractingReportingOverflow(database).partialValue
    let ahead = database.subtractingReportingOverflow(after).partialValue
    let skew = max(behind, ahead)
    guard skew > 0, Duration.microseconds(skew) > limit else { return nil }
    let milliseconds = (ahead > behind ? skew : -skew) / 1000
    return SecurityFinding(
      kind: .clockSkew(milliseconds: milliseconds),
      problem: """
        the database's clock is \(abs(milliseconds)) ms \(milliseconds > 0 ? "ahead of" : "behind") \
        this machine's: expiry and limits are judged by the database's
        """,
      remedy: "keep both machines' time with NTP")
  }

  static func systemMicroseconds() -> Int64 {
    var time = timespec()
    // Cannot fail: the clock exists and the pointer is valid.
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}
