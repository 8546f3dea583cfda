package import PostgresClient

/// The database's schema: the files in `Migrations/`, in their order. A new migration is a new file
/// and a new line here; a file that was released is never edited.
package enum Schema {
  package static let migrations: [Migration] = [
    migration("v0001_foundation", PackageResources.v0001_foundation_sql),
    migration("v0002_tenants", PackageResources.v0002_tenants_sql),
    migration("v0003_api_keys", PackageResources.v0003_api_keys_sql),
    migration("v0004_webhooks", PackageResources.v0004_webhooks_sql),
    migration("v0005_publish_refusals", PackageResources.v0005_publish_refusals_sql),
  ]

  /// What the start-up check holds the schema to.
  package static let security: SecurityPolicy = {
    var policy = SecurityPolicy()
    policy.tenantColumns = ["tenants": "id"]
    policy.uniqueExceptions = APIKeySchema.uniqueExceptions
    policy.definerFunctions = APIKeySchema.definerFunctions.union(EventSchema.definerFunctions)
    return policy
  }()

  private static func migration(_ name: String, _ sql: [UInt8]) -> Migration {
    Migration(name: name, sql: String(decoding: sql, as: UTF8.self))
  }
}
