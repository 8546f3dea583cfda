internal import ArgumentParser

/// The options that every command shares. Each can also be given as `INTEGRATIOND_*` in the
/// environment or as a key of the configuration file; the option wins over the environment, that
/// over the file.
struct DaemonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Configuration file (JSON).",
      discussion: "Keys are the long options with underscores, as in \"state_dir\".",
      valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("Unix socket to serve.", valueName: "path"))
  var socket: String?

  @Option(
    help: ArgumentHelp(
      "Permissions of the socket, octal. Default 0600, with --socket-group 0660.",
      valueName: "mode"))
  var socketMode: String?

  @Option(help: ArgumentHelp("Group that owns the socket.", valueName: "group"))
  var socketGroup: String?

  @Option(
    help: ArgumentHelp(
      "PostgreSQL to use, a libpq connection string. Default: an embedded one in the state "
        + "directory.",
      valueName: "conninfo"))
  var databaseURL: String?

  @Option(help: ArgumentHelp("Directory for the daemon's own files.", valueName: "dir"))
  var stateDir: String?

  @Option(
    help: ArgumentHelp(
      "Who may call what (JSON). Default: root and the daemon's own user, everything.",
      valueName: "file"))
  var accessPolicy: String?

  @Option(
    help: ArgumentHelp(
      "Keys that protect stored secrets. Default: keyring.json in the state directory.",
      valueName: "file"))
  var keyring: String?

  @Option(
    help: ArgumentHelp(
      "Least severe level to log: trace, debug, info, notice, warning, error, critical. Default "
        + "info.",
      valueName: "level"))
  var logLevel: String?

  @Flag(name: .customLong("allow-http"), help: "Let webhooks have http URLs, not only https.")
  var allowHTTP = false

  @Option(
    help: ArgumentHelp(
      "Private addresses that webhooks may be at, as in \"127.0.0.0/8,10.1.0.0/16\". Default: "
        + "none. Metadata services and multicast are never talked to.",
      valueName: "cidr,..."))
  var allowedAddresses: String?

  @Option(
    help: ArgumentHelp(
      "Certificates (PEM) to trust besides the system's when webhooks are called.",
      valueName: "file"))
  var caFile: String?

  @Option(
    help: ArgumentHelp(
      "How long an attempt to deliver may take before another daemon takes it over, 5 to 600. An "
        + "attempt is cut off after four fifths of it, whatever its webhook's timeout. Default 60.",
      valueName: "seconds"))
  var deliveryLeaseSeconds: String?

  @Option(
    help: ArgumentHelp(
      "How long events, their deliveries and the log are kept, 1 to 3650. Default 90.",
      valueName: "days"))
  var eventRetentionDays: String?
}
