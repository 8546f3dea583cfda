/// The database roles of an embedded cluster. All may log in through the socket, as the daemon's
/// own system user and nobody else.
package enum ClusterRole: String, Sendable, CaseIterable {
  /// Owns database and tables; runs migrations.
  case owner = "integrationd_owner"
  /// Serves requests; sees one tenant at a time through row level security; owns nothing.
  case app = "integrationd_app"
  /// Runs background work through policies of its own; owns nothing.
  case worker = "integrationd_worker"
  /// The cluster's superuser: used to set up the other three, by backups and by tests.
  case superuser = "postgres"

  package var roleName: String { rawValue }

  /// The roles we create; the superuser comes with the cluster.
  static let created: [ClusterRole] = [.owner, .app, .worker]
}
