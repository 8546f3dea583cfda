/// What a schema declares about itself, for ``SecurityCheck`` to hold it to.
package struct SecurityPolicy: Sendable {
  /// The roles that requests, background work and services that publish from SQL run as.
  package var runtimeRoles = [ClusterRole.app, .worker, .publisher].map(\.roleName)
  /// Runtime roles whose policies may let them see every tenant's rows.
  package var crossTenantRoles: Set<String> = [ClusterRole.worker.roleName]
  /// Which column holds the tenant, for tables that call it otherwise than `tenant_id`: the table
  /// of tenants itself. By unqualified table name.
  package var tenantColumns: [String: String] = [:]
  /// Unique indexes of tenant tables that may begin with another column, by name. Each tells a
  /// tenant something about the others, so each needs a reason where it is declared.
  package var uniqueExceptions: Set<String> = []
  /// SECURITY DEFINER functions that may exist, as `schema.name(argument types)`.
  package var definerFunctions: Set<String> = []
  /// What the names of policies begin with that are made for the owner of those functions.
  package static let ownerPolicyPrefix = "owner_"
  /// How far the database's clock may be from ours.
  package var clockSkewLimit: Duration = .seconds(2)

  package init() {}
}
