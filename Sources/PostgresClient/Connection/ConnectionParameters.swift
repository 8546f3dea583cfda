internal import CLibpq

/// What a new session is opened with: the operator's connection string, with defaults and our settings.
struct ConnectionParameters: Sendable {
  /// A connection string that libpq does not understand. Its text is not repeated: it may hold a password.
  struct MalformedConnectionString: Error, CustomStringConvertible {
    var description: String { "the connection string is not one that libpq understands" }
  }

  /// Hosts in the order to try them; empty leaves the choice to libpq (its default, or a service file).
  let targets: [HostTarget]
  private let settings: [String: String]

  init(
    _ endpoint: DatabaseConfiguration.Endpoint, _ configuration: DatabaseConfiguration
  ) throws(MalformedConnectionString) {
    guard var settings = Self.parse(endpoint.conninfo) else { throw MalformedConnectionString() }
    targets = HostTarget.list(settings)
    for name in ["host", "hostaddr", "port"] where !targets.isEmpty { settings[name] = nil }

    var defaults = [
      "application_name": configuration.applicationName,
      "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3",
      "tcp_user_timeout": "15000",
    ]
    if targets.contains(where: { !$0.isLocal }) {
      // libpq's own default, prefer, falls back to clear text without a word.
      defaults["sslmode"] = "verify-full"
    }
    settings.merge(defaults) { given, _ in given }
    settings["client_encoding"] = "UTF8"
    settings["options"] = Self.options(settings["options"], endpoint.role, configuration)
    self.settings = settings
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

  /// The settings that `conninfo` names; nil when it is malformed.
  private static func parse(_ conninfo: String) -> [String: String]? {
    guard let options = unsafe PQconninfoParse(conninfo, nil) else { return nil }
    defer { unsafe PQconninfoFree(options) }
    var settings: [String: String] = [:]
    var option = unsafe options
    while let name = unsafe option.pointee.keyword {
      if let value = unsafe option.pointee.val {
        unsafe settings[String(cString: name)] = String(cString: value)
      }
      unsafe option += 1
    }
    return settings
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
