internal import FoundationEssentials

/// The configuration files of a cluster: ours, written again at each start, and at its end the
/// operator's own `postgresql.local.conf`, if there is one.
struct ClusterSettings: Sendable {
  let layout: ClusterLayout
  let user: ClusterUser
  let durability: EmbeddedCluster.Durability
  let maxConnections: Int

  /// What neither `postgresql.local.conf` nor `ALTER SYSTEM` may change: who can reach the server
  /// and as whom. Options on the command line win over every file.
  var commandLineOptions: [String] {
    [
      "listen_addresses=",
      "port=\(ClusterLayout.port)",
      "unix_socket_directories=\(quotedListItem(layout.socketDirectory))",
      "unix_socket_permissions=0700",
      "hba_file=\(layout.hostBasedAuthentication)",
      "ident_file=\(layout.identMap)",
      "cluster_name=\(layout.clusterName)",
    ].flatMap { ["-c", $0] }
  }

  var configuration: String {
    """
    # Written by integrationd at each start: do not edit.
    # Your own settings go into postgresql.local.conf beside this file and win over these.

    max_connections = \(maxConnections)
    shared_buffers = 32MB
    huge_pages = off
    min_wal_size = 32MB
    max_wal_size = 256MB
    wal_level = replica
    max_wal_senders = 2                        # pg_basebackup
    max_replication_slots = 2
    max_worker_processes = 4
    max_parallel_workers_per_gather = 0        # short statements: workers cost more than they give
    jit = off

    # An acknowledged write survives a crash.
    fsync = \(durability.onOff)
    full_page_writes = \(durability.onOff)
    synchronous_commit = on

    # A client that is gone must not keep locks.
    client_connection_check_interval = 5s
    idle_in_transaction_session_timeout = 60s

    # To postgres.log beside this file, which integrationd keeps below a bound.
    log_destination = 'stderr'
    logging_collector = off
    log_line_prefix = '%m [%p] %q%u@%d '
    log_checkpoints = off
    log_error_verbosity = terse                # DETAIL quotes rows
    log_parameter_max_length = 0               # never a bound value
    log_parameter_max_length_on_error = 0

    timezone = 'UTC'
    log_timezone = 'UTC'
    lc_messages = 'C.UTF-8'
    datestyle = 'iso, mdy'

    \(include)

    """
  }

  /// Not `include_if_exists`: with it every process logs that the file is missing.
  private var include: String {
    let path = layout.localConfiguration
    return FileManager.default.fileExists(atPath: path)
      ? "include = \(quoted(path))" : "# There was no postgresql.local.conf at the last start."
  }

  /// Through the socket only, and only a system user whom the map allows.
  var hostBasedAuthentication: String {
    """
    # Written by integrationd at each start: do not edit.
    local all         all peer map=integrationd
    local replication all peer map=integrationd

    """
  }

  /// The daemon's own user may be any of our roles; nobody else may be anything.
  var identMap: String {
    let rules = ClusterRole.allCases.filter(\.logsIn).map { role in
      "integrationd \"\(user.daemon.name)\" \(role.roleName)"
    }
    return "# Written by integrationd at each start: do not edit.\n"
      + rules.joined(separator: "\n") + "\n"
  }

  /// A string of a configuration file ("Parameter Names and Values" in the manual).
  private func quoted(_ text: String) -> String {
    let escaped = text.flatMap { $0 == "'" || $0 == "\\" ? [$0, $0] : [$0] }
    return "'" + String(escaped) + "'"
  }

  /// An item of a comma-separated list, as in `unix_socket_directories`.
  private func quotedListItem(_ text: String) -> String {
    "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }
}

extension EmbeddedCluster.Durability {
  fileprivate var onOff: String { self == .durable ? "on" : "off" }
}
