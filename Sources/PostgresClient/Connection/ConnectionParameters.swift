internal import FoundationEssentials

/// What a new session is opened with: the operator's connection string, with defaults and our settings.
struct ConnectionParameters: Sendable {
  /// Hosts in the order to try them; empty leaves the choice to libpq (its default, or a service file).
  let targets: [HostTarget]
  private var settings: [String: String]

  /// What every session is opened with, start-up work included.
  /// - Parameter environment: libpq's own variables (`PGHOST`, `PGSSLMODE`, …) speak where `conninfo` is
  ///   silent.
  init(
    _ conninfo: String, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(MalformedConnectionString) {
    let string = try ConnectionString(conninfo)
    var settings = string.named
    // A service file stands between the two, and only libpq reads it.
    if settings["service"] == nil, (environment["PGSERVICE"] ?? "").isEmpty {
      for (name, variable) in string.variables where settings[name] == nil {
        settings[name] = environment[variable].flatMap { $0.isEmpty ? nil : $0 }
      }
    }
    targets = HostTarget.list(settings)
    for name in ["host", "hostaddr", "port"] where !targets.isEmpty { settings[name] = nil }

    var defaults = [
      "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3",
      "tcp_user_timeout": "15000",
    ]
    if targets.isEmpty || targets.contains(where: { !$0.isLocal }),
      (environment["PGSSLMODE"] ?? "").isEmpty
    {
      // libpq's own default, prefer, falls back to clear text without a word. Who is not known counts as
      // far away; a Unix socket is asked for nothing in any mode.
      defaults["sslmode"] = "verify-full"
    }
    if targets.count > 1 {
      // Of several servers one is the primary. A standby would do until the first write.
      defaults["target_session_attrs"] = "read-write"
    }
    settings.merge(defaults) { given, _ in given }
    settings["client_encoding"] = "UTF8"
    self.settings = settings
  }

  /// What a session of a pool is opened with.
  init(
    _ endpoint: DatabaseConfiguration.Endpoint, _ configuration: DatabaseConfiguration
  ) throws(MalformedConnectionString) {
    try self.init(endpoint.conninfo)
    settings["application_name"] = settings["application_name"] ?? configuration.applicationName
    settings["options"] = Self.options(settings["options"], endpoint.role, configuration)
  }

  /// The keywords for libpq, which is to look the hosts up by itself. It blocks meanwhile.
  var keywords: [(name: String, value: String)] {
    keywords(
      hosts: targets.map { ResolvedHost(host: $0.host, address: $0.address, port: $0.port) })
  }

  /// The keywords for libpq, with the hosts given.
  func keywords(hosts: [ResolvedHost]) -> [(name: String, value: String)] {
    var keywords = settings.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    guard !hosts.isEmpty else { return keywords }
    keywords.append(("host", hosts.map(\.host).joined(separator: ",")))
    keywords.append(("hostaddr", hosts.map { $0.address ?? "" }.joined(separator: ",")))
    keywords.append(("port", hosts.map(\.port).joined(separator: ",")))
    return keywords
  }

  /// Settings for the session in the form of command-line switches; later ones win, so the operator's
  /// come behind ours and the role, which is not theirs to choose, last.
  private static func options(
    _ given: String?, _ role: String?, _ configuration: DatabaseConfiguration
  ) -> String {
    var switches = [
      ("statement_timeout", milliseconds(configuration.statementTimeout)),
      ("lock_timeout", milliseconds(configuration.lockTimeout)),
      (
        "idle_in_transaction_session_timeout",
        milliseconds(configuration.idleInTransactionTimeout)
      ),
      // A backend whose client is gone stops its statement within that time.
      ("client_connection_check_interval", "2000"),
      ("datestyle", "ISO"), ("timezone", "UTC"),
      // Compiling a plan costs more than any of our statements does.
      ("jit", "off"),
      // Every statement of ours finds its rows by an index. A plan that was made while a table was empty
      // would read all of it, and is kept until somebody analyses the table.
      ("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off"),
    ].map { "-c \($0)=\($1)" }
    if let given { switches.append(given) }
    if let role { switches.append("-c role=\(escaped(role))") }
    return switches.joined(separator: " ")
  }

  private static func milliseconds(_ duration: Duration) -> String {
    let milliseconds = duration / .milliseconds(1)
    return String(Int32(clamping: Int64(max(1, milliseconds))))
  }

  /// Blanks and backslashes behind a backslash, as `pg_split_opts` of the server wants them.
  private static func escaped(_ value: String) -> String {
    var escaped = ""
    for scalar in value.unicodeScalars {
      if scalar == "\\" || scalar.properties.isWhitespace { escaped += "\\" }
      escaped.unicodeScalars.append(scalar)
    }
    return escaped
  }
}
