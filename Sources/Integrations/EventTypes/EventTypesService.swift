package import IntegrationAPI
internal import PostgresClient
internal import ProtobufC
package import TTRPC

/// `integration.v1.EventTypeService`: see `event_types.proto` for what each method promises.
package struct EventTypesService: EventTypeService {
  /// Types of one tenant.
  package static let maxTypes = 1000

  private let environment: ServiceEnvironment
  private let types: EventTypeRepository
  private let tenants: TenantRepository

  package init(_ environment: ServiceEnvironment) {
    self.environment = environment
    types = EventTypeRepository(database: environment.database)
    tenants = TenantRepository(database: environment.database)
  }

  package func createEventType(
    _ request: CreateEventTypeRequest, _ call: CallContext
  ) async throws -> CreateEventTypeResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let name = check.catalogueName(request.eventType, "event_type")
    if name.utf8.elementsEqual(WebhookTest.eventType.utf8) {
      check.refuse("event_type", "is the daemon's own")
    }
    let description = check.lines(request.description, "description", 0...2000)
    let schema = check.jsonSchema(request.schema, "schema")
    let key = check.idempotencyKey(request.idempotencyKey)
    try check.finish()
    try environment.access.require(tenant, call)
    return try await environment.idempotency.change(request, key: key, tenant: tenant, call) {
      transaction in
      // One type after the other, so that the count holds.
      guard try await types.lock(tenant, in: transaction) != nil else {
        throw ServiceError.noTenant(tenant)
      }
      let made = try await types.insert(
        name, of: tenant, description: description, schema: schema, in: transaction)
      guard let made else {
        throw ServiceError(
          .alreadyExists, "there is an event type \(name) already",
          details: [.resourceInfo(type: "event_type", name: name)])
      }
      guard try await types.count(of: tenant, in: transaction) <= Self.maxTypes else {
        throw ServiceError(
          .resourceExhausted, "the tenant has \(Self.maxTypes) event types",
          details: [
            .quotaFailure([
              QuotaViolation(
                subject: "tenant:\(tenant)", description: "at most \(Self.maxTypes) event types")
            ])
          ])
      }
      var response = CreateEventTypeResponse()
      response.eventType = made.message
      return response
    }
  }

  package func getEventType(
    _ request: GetEventTypeRequest, _ call: CallContext
  ) async throws -> GetEventTypeResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let name = check.catalogueName(request.eventType, "event_type")
    try check.finish()
    try environment.access.require(tenant, call)
    guard let type = try await types.find(name, of: tenant, deadline: call.deadline) else {
      throw ServiceError.noEventType(name)
    }
    var response = GetEventTypeResponse()
    response.eventType = type.message
    return response
  }

  package func listEventTypes(
    _ request: ListEventTypesRequest, _ call: CallContext
  ) async throws -> ListEventTypesResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let limit = check.pageSize(request.pageSize)
    let prefix = check.line(request.prefix, "prefix", 0...128)
    try check.finish()
    try environment.access.require(tenant, call)
    let pages = EventTypePages(
      tokens: environment.pageTokens, listing: call.method.description, tenant: tenant,
      filters: [prefix, "\(request.includeArchived)"])
    // One more than asked for tells whether there is another page.
    let found = try await types.list(
      of: tenant, prefix: prefix, includingArchived: request.includeArchived,
      after: try pages.lastName(request.pageToken), limit: limit + 1, deadline: call.deadline)
    if found.isEmpty, try await tenants.find(tenant, deadline: call.deadline) == nil {
      throw ServiceError.noTenant(tenant)
    }
    let page = found.prefix(limit)
    var response = ListEventTypesResponse()
    response.eventTypes = page.map(\.message)
    if found.count > limit, let last = page.last {
      response.nextPageToken = pages.token(after: last.name)
    }
    return response
  }

  package func updateEventType(
    _ request: UpdateEventTypeRequest, _ call: CallContext
  ) async throws -> UpdateEventTypeResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let name = check.catalogueName(request.eventType?.eventType ?? "", "event_type.event_type")
    let key = check.idempotencyKey(request.idempotencyKey)
    let change = check.change(request)
    try check.finish()
    try environment.access.require(tenant, call)
    return try await environment.idempotency.change(request, key: key, tenant: tenant, call) {
      transaction in
      let changed = try await types.update(name, of: tenant, change, in: transaction)
      guard let changed else { throw ServiceError.noEventType(name) }
      var response = UpdateEventTypeResponse()
      response.eventType = changed.message
      return response
    }
  }

  package func deleteEventType(
    _ request: DeleteEventTypeRequest, _ call: CallContext
  ) async throws -> DeleteEventTypeResponse {
    var check = RequestCheck()
    let tenant = check.tenant(request.tenantId)
    let name = check.catalogueName(request.eventType, "event_type")
    let key = check.idempotencyKey(request.idempotencyKey)
    try check.finish()
    try environment.access.require(tenant, call)
    return try await environment.idempotency.change(request, key: key, tenant: tenant, call) {
      transaction in
      guard try await types.delete(name, of: tenant, in: transaction) else {
        throw ServiceError.noEventType(name)
      }
      return DeleteEventTypeResponse()
    }
  }
}
