/// The database roles of an embedded cluster. Those that log in do so through the socket, as the
/// daemon's own system user and nobody else.
package enum ClusterRole: String, Sendable, CaseIterable {
  /// Owns database and tables; runs migrations.
  case owner = "integrationd_owner"
  /// Serves requests; sees one tenant at a time through row level security; owns nothing.
  case app = "integrationd_app"
  /// Runs background work through policies of its own; owns nothing.
  case worker = "integrationd_worker"
  /// Nobody logs in as it: it is granted to the logins of services that publish from SQL. Owns
  /// nothing.
  case publisher = "integrationd_publisher"
  /// The cluster's superuser: used to set up the others, by backups and by tests.
  case superuser = "postgres"

  package var roleName: String { rawValue }

  /// The roles we create; the superuser comes with the cluster.
  static let created: [ClusterRole] = [.owner, .app, .worker, .publisher]

  var logsIn: Bool { self != .publisher }
}
