internal import FoundationEssentials
package import IntegrationAPI
internal import KeyRules
internal import PostgresClient
internal import ProtobufC
internal import Reactor
package import TTRPC

/// `integration.v1.ApiKeyService`: see `api_keys.proto` for what each method promises.
package struct APIKeysService: ApiKeyService {
  /// Keys of one tenant that are not revoked.
  package static let maxLiveKeys = 10_000
  private static let longestGracePeriod = Duration.seconds(30 * 86_400)

  private let environment: ServiceEnvironment
  private let keys: APIKeyRepository
  private let tenants: TenantRepository
  private let usageRows: UsageRepository
  private let verifier: APIKeyVerifier
  private let usage: UsageRecorder
  private let limiter: RateLimiter

  /// - Parameters:
  ///   - usage: counts verifications; nil: as the daemon does.
  ///   - limits: charges the limits; nil: as the daemon does.
  package init(
    _ environment: ServiceEnvironment, usage: UsageRecorder? = nil,
    limits: RateLimitRepository? = nil
  ) {
    self.environment = environment
    keys = APIKeyRepository(database: environment.database)
    tenants = TenantRepository(database: environment.database)
    usageRows = UsageRepository(database: environment.database)
    self.usage = usage ?? UsageRecorder(usageRows, logger: environment.logger)
    limiter = RateLimiter(limits ?? RateLimitRepository(database: environment.database))
    verifier = APIKeyVerifier(environment, limiter: limiter, usage: self.usage)
  }

  /// Brings usage counts to the database until cancelled, and then the last of them.
  package func run() async throws {
    await usage.run()
    await limiter.drain()
  }

  /// Whether usage counts wait because the database did not take the last ones.
  package var isUsageBehind: Bool { usage.isBehind }

  package func createApiKey(
    _ request: CreateApiKeyRequest, _ call: CallContext
  ) async throws -> CreateApiKeyResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let key = check.idempotencyKey(request.idempotencyKey)
    let settings = check.settings(request, now: .now)
    try check.finish()
    try environment.access.require(tenant, call)
    return try await environment.idempotency.change(request, key: key, tenant: tenant, call) {
      transaction in
      let locked = try await lockActive(tenant, in: transaction)
      try requireFuture(settings.expiresAt, "expires_at", now: locked.now)
      guard try await keys.countLive(of: tenant, in: transaction) < Self.maxLiveKeys else {
        throw ServiceError(
          .resourceExhausted, "the tenant has \(Self.maxLiveKeys) keys that are not revoked",
          details: [
            .quotaFailure([
              QuotaViolation(
                subject: "tenant:\(tenant)",
                description: "at most \(Self.maxLiveKeys) API keys that are not revoked")
            ])
          ])
      }
      let id = APIKeyID(UUID())
      let secret = try IssuedSecret(
        of: id, tenant: tenant, version: 1, environment: settings.environment,
        withSigningSecret: request.withApiSecret, keyring: environment.keyring)
      try await keys.insert(id, of: tenant, settings, secret, in: transaction)
      var response = CreateApiKeyResponse()
      response.key = try await stored(id, of: tenant, in: transaction).message
      response.apiKey = secret.token.secret.reveal()
      response.apiSecret = secret.signing?.secret.reveal() ?? ""
      return response
    }
  }

  package func getApiKey(
    _ request: GetApiKeyRequest, _ call: CallContext
  ) async throws -> GetApiKeyResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let id = check.apiKey(request.keyId)
    try check.finish()
    try environment.access.require(tenant, call)
    guard let key = try await keys.find(id, of: tenant, deadline: call.deadline) else {
      throw ServiceError.noAPIKey(id)
    }
    var response = GetApiKeyResponse()
    response.key = key.message
    return response
  }

  package func listApiKeys(
    _ request: ListApiKeysRequest, _ call: CallContext
  ) async throws -> ListApiKeysResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let limit = check.pageSize(request.pageSize)
    let environmentName = check.environment(request.environment)
    let state = check.known(
      request.state, "state", [.unspecified, .active, .disabled, .expired, .revoked])
    try check.finish()
    try environment.access.require(tenant, call)
    let question = PageTokens.Question(
      call.method.description, tenant: tenant,
      filters: ["\(request.environment.rawValue)", "\(state.rawValue)"])
    let cursor = try environment.pageTokens.cursor(request.pageToken, for: question)
    // One more than asked for tells whether there is another page.
    let found = try await keys.list(
      of: tenant, environment: request.environment == .unspecified ? nil : environmentName,
      state: state.nameInQuery, after: cursor, limit: limit + 1, deadline: call.deadline)
    if found.isEmpty, try await tenants.find(tenant, deadline: call.deadline) == nil {
      throw ServiceError.noTenant(tenant)
    }
    let page = found.prefix(limit)
    var response = ListApiKeysResponse()
    response.keys = page.map(\.message)
    if found.count > limit, let last = page.last {
      response.nextPageToken = environment.pageTokens.token(last.cursor, for: question)
    }
    return response
  }

  package func updateApiKey(
    _ request: UpdateApiKeyRequest, _ call: CallContext
  ) async throws -> UpdateApiKeyResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let id = check.apiKey(request.keyId)
    let key = check.idempotencyKey(request.idempotencyKey)
    let change = check.change(request, now: .now)
    try check.finish()
    try environment.access.require(tenant, call)
    return try await environment.idempotency.change(request, key: key, tenant: tenant, call) {
      transaction in
      let locked = try await lock(id, of: tenant, in: transaction)
      if locked.isRevoked { throw ServiceError.revoked(id) }
      try requireFuture(change.expiresAt ?? nil, "key.expires_at", now: locked.now)
      try await keys.update(id, of: tenant, change, in: transaction)
      var response = UpdateApiKeyResponse()
      response.key = try await stored(id, of: tenant, in: transaction).message
      return response
    }
  }

  package func revokeApiKey(
    _ request: RevokeApiKeyRequest, _ call: CallContext
  ) async throws -> RevokeApiKeyResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let id = check.apiKey(request.keyId)
    let key = check.idempotencyKey(request.idempotencyKey)
    try check.finish()
    try environment.access.require(tenant, call)
    return try await environment.idempotency.change(request, key: key, tenant: tenant, call) {
      transaction in
      let locked = try await lock(id, of: tenant, in: transaction)
      if !locked.isRevoked { try await keys.revoke(id, of: tenant, in: transaction) }
      var response = RevokeApiKeyResponse()
      response.key = try await stored(id, of: tenant, in: transaction).message
      return response
    }
  }

  package func rotateApiKey(
    _ request: RotateApiKeyRequest, _ call: CallContext
  ) async throws -> RotateApiKeyResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let id = check.apiKey(request.keyId)
    let grace = check.span(
      request.gracePeriod, "grace_period", atMost: Self.longestGracePeriod, named: "30 days")
    let key = check.idempotencyKey(request.idempotencyKey)
    try check.finish()
    try environment.access.require(tenant, call)
    return try await environment.idempotency.change(request, key: key, tenant: tenant, call) {
      transaction in
      // The key before its tenant's state: another tenant's key is no key, whatever else holds.
      guard try await keys.find(id, of: tenant, in: transaction) != nil else {
        throw ServiceError.noAPIKey(id)
      }
      _ = try await lockActive(tenant, in: transaction)
      let locked = try await lock(id, of: tenant, in: transaction)
      if locked.isRevoked { throw ServiceError.revoked(id) }
      if !locked.isActive { throw ServiceError.disabled(id) }
      if locked.isExpired { throw ServiceError.expired(id) }
      let secret = try IssuedSecret(
        of: id, tenant: tenant, version: locked.newestVersion + 1,
        environment: locked.environment, withSigningSecret: locked.hasAPISecret,
        keyring: environment.keyring)
      try await keys.rotate(
        id, of: tenant, newest: locked.newestVersion, grace: grace, secret, in: transaction)
      var response = RotateApiKeyResponse()
      response.key = try await stored(id, of: tenant, in: transaction).message
      response.apiKey = secret.token.secret.reveal()
      response.apiSecret = secret.signing?.secret.reveal() ?? ""
      return response
    }
  }

  package func verifyApiKey(
    _ request: VerifyApiKeyRequest, _ call: CallContext
  ) async throws -> VerifyApiKeyResponse {
    try await verifier.verify(VerificationQuestion(request), call)
  }

  package func getApiKeyUsage(
    _ request: GetApiKeyUsageRequest, _ call: CallContext
  ) async throws -> GetApiKeyUsageResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let id = check.apiKey(request.keyId)
    let start = check.time(request.startTime, "start_time")
    let end = check.time(request.endTime, "end_time")
    if let start, let end, start >= end { check.refuse("end_time", "must be after start_time") }
    let granularity = check.known(
      request.granularity, "granularity", [.unspecified, .hour, .day])
    let limit = check.pageSize(request.pageSize, standard: 100)
    try check.finish()
    try environment.access.require(tenant, call)
    let width: UsageWidth = granularity == .day ? .day : .hour
    // A page goes on where the last one ended also when "seven days ago" is a little later by now.
    let span = width.span(from: start, until: end)
    let question = PageTokens.Question(
      call.method.description, tenant: tenant,
      filters: [id.description, width.rawValue, span.start.text, span.end.text])
    let cursor = try environment.pageTokens.cursor(request.pageToken, for: question)
    let found = try await usageRows.buckets(
      of: id, tenant: tenant, width: width, span: span,
      before: cursor.map { UnixTime(microseconds: $0.unixMicroseconds) }, limit: limit + 1,
      deadline: call.deadline)
    if found.isEmpty, try await keys.find(id, of: tenant, deadline: call.deadline) == nil {
      throw ServiceError.noAPIKey(id)
    }
    let page = found.prefix(limit)
    var response = GetApiKeyUsageResponse()
    response.buckets = page.map(\.message)
    if found.count > limit, let last = page.last {
      response.nextPageToken = environment.pageTokens.token(
        PageCursor(unixMicroseconds: last.startsAt.microseconds), for: question)
    }
    return response
  }

  // MARK: Steps of a change

  /// - Throws: ``ServiceError`` `notFound`; `failedPrecondition` when it is suspended.
  private func lockActive(
    _ tenant: TenantID, in transaction: Transaction
  ) async throws -> LockedTenant {
    guard let locked = try await keys.lock(tenant, in: transaction) else {
      throw ServiceError.noTenant(tenant)
    }
    guard !locked.isSuspended else {
      throw ServiceError(
        .failedPrecondition, "the tenant is suspended",
        details: [.errorInfo(reason: ErrorReason.tenantSuspended)])
    }
    return locked
  }

  private func lock(
    _ id: APIKeyID, of tenant: TenantID, in transaction: Transaction
  ) async throws -> LockedAPIKey {
    guard let locked = try await keys.lock(id, of: tenant, in: transaction) else {
      throw ServiceError.noAPIKey(id)
    }
    return locked
  }

  /// A key this transaction has just written.
  private func stored(
    _ id: APIKeyID, of tenant: TenantID, in transaction: Transaction
  ) async throws -> APIKey {
    guard let key = try await keys.find(id, of: tenant, in: transaction) else {
      throw ServiceError.noAPIKey(id)
    }
    return key
  }

  private func requireFuture(
    _ time: UnixTime?, _ field: String, now: UnixTime
  ) throws(ServiceError) {
    if let time, time <= now { throw .invalid(field, "must be in the future") }
  }
}
