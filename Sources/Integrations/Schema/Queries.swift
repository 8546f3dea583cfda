package import PostgresClient

/// Every statement of the services, for the test that prepares each on a fresh database: a slip in
/// one is found without a scenario that runs it.
package enum Queries {
  package static let all: [Statement] =
    tenants + idempotentRequests + keyrings + apiKeys + usage + EventTypeQueries.all
    + WebhookQueries.all + EventQueries.all + DeliveryQueries.all + QueueQueries.all

  private static let tenants = [
    TenantQueries.insert.statement, TenantQueries.find.statement, TenantQueries.suspend.statement,
    TenantQueries.resume.statement, TenantQueries.list.statement,
    TenantQueries.listInState.statement, TenantQueries.listVisible.statement,
  ]

  private static let idempotentRequests = [
    IdempotentRequestQueries.claim.statement, IdempotentRequestQueries.answer.statement,
    IdempotentRequestQueries.find.statement, IdempotentRequestQueries.purge.statement,
  ]

  private static let keyrings = [KeyringQueries.all.statement, KeyringQueries.add.statement]

  private static let apiKeys = [
    APIKeyQueries.find.statement, APIKeyQueries.list.statement, APIKeyQueries.lockTenant.statement,
    APIKeyQueries.countLive.statement, APIKeyQueries.insert.statement,
    APIKeyQueries.lock.statement, APIKeyQueries.update.statement, APIKeyQueries.revoke.statement,
    APIKeyQueries.retire.statement, APIKeyQueries.rotate.statement,
    APIKeyQueries.rehash.statement, APIKeyQueries.findByDigest.statement,
  ]

  private static let usage = [
    RateLimitQueries.charge.statement, UsageQueries.record.statement,
    UsageQueries.buckets.statement,
  ]
}
