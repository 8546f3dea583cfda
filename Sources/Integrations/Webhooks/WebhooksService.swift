internal import DeliveryRules
internal import FoundationEssentials
package import IntegrationAPI
internal import PostgresClient
internal import ProtobufC
package import TTRPC

/// `integration.v1.WebhookService`: see `webhooks.proto` for what each method promises.
package struct WebhooksService: WebhookService {
  /// Webhooks of one tenant that are not deleted.
  package static let maxLiveWebhooks = 1000
  /// Secrets that sign at one time.
  package static let maxLiveSecrets = 10
  /// More owed deliveries than this are not cancelled with the deletion but in the background
  /// (`queue.cancel_deleted`), as is what is being published meanwhile. None of it is delivered: a
  /// deleted webhook is not active.
  package static let maxCancelledAtOnce: Int64 = 10_000
  private static let longestOverlap = Duration.seconds(7 * 86_400)
  private static let standardOverlap = Duration.seconds(86_400)

  private let environment: ServiceEnvironment
  private let outbound: OutboundSettings
  private let tester: any WebhookTesting
  private let webhooks: WebhookRepository
  private let tenants: TenantRepository

  /// - Parameters:
  ///   - outbound: what URLs may be.
  ///   - tester: makes the request of a test.
  package init(
    _ environment: ServiceEnvironment, outbound: OutboundSettings, tester: any WebhookTesting
  ) {
    self.environment = environment
    self.outbound = outbound
    self.tester = tester
    webhooks = WebhookRepository(database: environment.database, keyring: environment.keyring)
    tenants = TenantRepository(database: environment.database)
  }

  package func createWebhook(
    _ request: CreateWebhookRequest, _ call: CallContext
  ) async throws -> CreateWebhookResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let key = check.idempotencyKey(request.idempotencyKey)
    let new = check.newWebhook(request, outbound)
    try check.finish()
    try environment.access.require(tenant, call)
    return try await environment.idempotency.change(request, key: key, tenant: tenant, call) {
      transaction in
      let locked = try await lockActive(tenant, in: transaction)
      guard try await webhooks.countLive(of: tenant, in: transaction) < Self.maxLiveWebhooks else {
        throw ServiceError(
          .resourceExhausted, "the tenant has \(Self.maxLiveWebhooks) webhooks",
          details: [
            .quotaFailure([
              QuotaViolation(
                subject: "tenant:\(tenant)",
                description: "at most \(Self.maxLiveWebhooks) webhooks")
            ])
          ])
      }
      let lane = WebhookLane(tenant: tenant, webhook: WebhookID(UUID()))
      var credentials = new.credentials
      var response = CreateWebhookResponse()
      response.signingSecret = new.auth.replace(&credentials, at: locked.now)
      try await webhooks.insert(lane, new.settings, credentials, in: transaction)
      response.webhook = try await stored(lane, in: transaction).message
      return response
    }
  }

  package func getWebhook(
    _ request: GetWebhookRequest, _ call: CallContext
  ) async throws -> GetWebhookResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let id = check.webhook(request.webhookId)
    try check.finish()
    try environment.access.require(tenant, call)
    let lane = WebhookLane(tenant: tenant, webhook: id)
    guard let webhook = try await webhooks.find(lane, deadline: call.deadline) else {
      throw ServiceError.noWebhook(id)
    }
    var response = GetWebhookResponse()
    response.webhook = webhook.message
    return response
  }

  package func listWebhooks(
    _ request: ListWebhooksRequest, _ call: CallContext
  ) async throws -> ListWebhooksResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let limit = check.pageSize(request.pageSize)
    let state = check.known(
      request.state, "state", [.unspecified, .active, .disabled, .disabledByReceiver])
    let eventType =
      request.eventType.isEmpty ? nil : check.eventTypeName(request.eventType, "event_type")
    try check.finish()
    try environment.access.require(tenant, call)
    let question = PageTokens.Question(
      call.method.description, tenant: tenant,
      filters: ["\(state.rawValue)", request.eventType])
    let cursor = try environment.pageTokens.cursor(request.pageToken, for: question)
    // One more than asked for tells whether there is another page.
    let found = try await webhooks.list(
      of: tenant, state: state.nameInQuery, subscriptions: eventType?.coveringSubscriptions,
      after: cursor, limit: limit + 1, deadline: call.deadline)
    if found.isEmpty, try await tenants.find(tenant, deadline: call.deadline) == nil {
      throw ServiceError.noTenant(tenant)
    }
    let page = found.prefix(limit)
    var response = ListWebhooksResponse()
    response.webhooks = page.map(\.message)
    if found.count > limit, let last = page.last {
      response.nextPageToken = environment.pageTokens.token(last.row.cursor, for: question)
    }
    return response
  }

  package func updateWebhook(
    _ request: UpdateWebhookRequest, _ call: CallContext
  ) async throws -> UpdateWebhookResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let id = check.webhook(request.webhookId)
    let key = check.idempotencyKey(request.idempotencyKey)
    let change = check.change(request, outbound)
    try check.finish()
    try environment.access.require(tenant, call)
    let lane = WebhookLane(tenant: tenant, webhook: id)
    return try await environment.idempotency.change(request, key: key, tenant: tenant, call) {
      transaction in
      guard var webhook = try await webhooks.lock(lane, in: transaction) else {
        throw ServiceError.noWebhook(id)
      }
      var response = UpdateWebhookResponse()
      response.signingSecret = try change.apply(to: &webhook)
      try await webhooks.update(webhook, in: transaction)
      response.webhook = try await stored(lane, in: transaction).message
      return response
    }
  }

  package func deleteWebhook(
    _ request: DeleteWebhookRequest, _ call: CallContext
  ) async throws -> DeleteWebhookResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let id = check.webhook(request.webhookId)
    let key = check.idempotencyKey(request.idempotencyKey)
    try check.finish()
    try environment.access.require(tenant, call)
    let lane = WebhookLane(tenant: tenant, webhook: id)
    return try await environment.idempotency.change(request, key: key, tenant: tenant, call) {
      transaction in
      // Its credentials are not looked at: what cannot be read can be deleted.
      guard let row = try await webhooks.lockRow(lane, in: transaction) else {
        throw ServiceError.noWebhook(id)
      }
      try await webhooks.delete(row, in: transaction)
      var response = DeleteWebhookResponse()
      response.cancelledDeliveries = try await webhooks.countOwed(lane, in: transaction)
      if response.cancelledDeliveries <= Self.maxCancelledAtOnce {
        response.cancelledDeliveries = Int64(
          try await webhooks.cancelOwed(
            lane, limit: Int(Self.maxCancelledAtOnce), in: transaction))
      }
      return response
    }
  }

  package func rotateWebhookSecret(
    _ request: RotateWebhookSecretRequest, _ call: CallContext
  ) async throws -> RotateWebhookSecretResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let id = check.webhook(request.webhookId)
    let overlap =
      request.overlap == nil
      ? Self.standardOverlap
      : check.span(request.overlap, "overlap", atMost: Self.longestOverlap, named: "7 days")
    let key = check.idempotencyKey(request.idempotencyKey)
    try check.finish()
    try environment.access.require(tenant, call)
    let lane = WebhookLane(tenant: tenant, webhook: id)
    return try await environment.idempotency.change(request, key: key, tenant: tenant, call) {
      transaction in
      guard var webhook = try await webhooks.lock(lane, in: transaction) else {
        throw ServiceError.noWebhook(id)
      }
      let rotation = try SecretRotation(request.signingSecret, of: webhook)
      let response = try rotation.apply(to: &webhook, overlap: overlap)
      try await webhooks.update(webhook, in: transaction)
      return RotateWebhookSecretResponse(
        webhook: try await stored(lane, in: transaction).message, signingSecret: response)
    }
  }

  package func testWebhook(
    _ request: TestWebhookRequest, _ call: CallContext
  ) async throws -> TestWebhookResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let id = check.webhook(request.webhookId)
    let data = check.testPayload(request.eventData, "event_data")
    try check.finish()
    try environment.access.require(tenant, call)
    let attempt = try await tester.test(
      WebhookLane(tenant: tenant, webhook: id), data: data, deadline: call.deadline)
    var response = TestWebhookResponse()
    response.succeeded = attempt.deliveryStatus == .success
    response.attempt = attempt
    return response
  }

  // MARK: Steps of a change

  /// - Throws: ``ServiceError`` `notFound`; `failedPrecondition` when it is suspended.
  private func lockActive(
    _ tenant: TenantID, in transaction: Transaction
  ) async throws -> LockedTenant {
    guard let locked = try await webhooks.lock(tenant, in: transaction) else {
      throw ServiceError.noTenant(tenant)
    }
    guard !locked.isSuspended else {
      throw ServiceError(
        .failedPrecondition, "the tenant is suspended",
        details: [.errorInfo(reason: ErrorReason.tenantSuspended)])
    }
    return locked
  }

  /// A webhook this transaction has just written.
  private func stored(
    _ lane: WebhookLane, in transaction: Transaction
  ) async throws -> WebhookRecord {
    guard let webhook = try await webhooks.find(lane, in: transaction) else {
      throw ServiceError.noWebhook(lane.webhook)
    }
    return webhook
  }
}
