/// The settings by name: one table for options, environment and file.
enum Setting: String, CaseIterable {
  case socket
  case socketMode = "socket_mode"
  case socketGroup = "socket_group"
  case databaseURL = "database_url"
  case stateDirectory = "state_dir"
  case accessPolicy = "access_policy"
  case keyring
  case logLevel = "log_level"
  case allowHTTP = "allow_http"
  case allowedAddresses = "allowed_addresses"
  case caFile = "ca_file"
  case deliveryLeaseSeconds = "delivery_lease_seconds"
  case eventRetentionDays = "event_retention_days"

  /// Whether a configuration file must write it as a string.
  var isText: Bool {
    switch self {
    case .allowHTTP, .allowedAddresses, .deliveryLeaseSeconds, .eventRetentionDays: false
    default: true
    }
  }

  /// As in `--socket-mode`.
  var option: String { "--" + rawValue.replacing("_", with: "-") }
  /// As in `INTEGRATIOND_SOCKET_MODE`.
  var variable: String { "INTEGRATIOND_" + rawValue.uppercased() }

  /// Names the configuration file itself, so it stands in no file.
  static let fileVariable = "INTEGRATIOND_CONFIG"
}

/// What was given for a setting, and where.
struct GivenSetting {
  let text: String
  /// For messages: `--socket-mode`, `INTEGRATIOND_SOCKET_MODE`, `/etc/integrationd.json:3`.
  let origin: String
}
