internal import FoundationEssentials
package import IntegrationAPI
internal import ProtobufC
package import TTRPC

/// `integration.v1.TenantService`: see `tenants.proto` for what each method promises.
package struct TenantsService: TenantService {
  private let tenants: TenantRepository
  private let environment: ServiceEnvironment

  package init(_ environment: ServiceEnvironment) {
    self.environment = environment
    self.tenants = TenantRepository(database: environment.database)
  }

  package func createTenant(
    _ request: CreateTenantRequest, _ call: CallContext
  ) async throws -> CreateTenantResponse {
    var check = RequestCheck()
    let name = check.line(request.displayName, "display_name", 1...200)
    let id = request.tenantId.isEmpty ? TenantID(UUID()) : check.tenant(request.tenantId)
    let key = check.idempotencyKey(request.idempotencyKey)
    try check.finish()
    guard try environment.access.principal(of: call).mayActFor(id) else {
      throw ServiceError(
        .permissionDenied, "this caller is limited to some tenants and cannot create this one")
    }
    return try await environment.idempotency.change(request, key: key, tenant: .directory, call) {
      transaction in
      guard let tenant = try await tenants.insert(id, displayName: name, in: transaction) else {
        throw ServiceError(
          .alreadyExists, "there is a tenant \(id) already",
          details: [.resourceInfo(type: Self.resource, name: id.description)])
      }
      var response = CreateTenantResponse()
      response.tenant = tenant.message
      return response
    }
  }

  package func getTenant(
    _ request: GetTenantRequest, _ call: CallContext
  ) async throws -> GetTenantResponse {
    var check = RequestCheck()
    let id = check.tenant(request.tenantId)
    try check.finish()
    try environment.access.require(id, call)
    guard let tenant = try await tenants.find(id, deadline: call.deadline) else {
      throw ServiceError.noTenant(id)
    }
    var response = GetTenantResponse()
    response.tenant = tenant.message
    return response
  }

  package func listTenants(
    _ request: ListTenantsRequest, _ call: CallContext
  ) async throws -> ListTenantsResponse {
    var check = RequestCheck()
    let limit = check.pageSize(request.pageSize)
    let state = check.known(request.state, "state", [.unspecified, .active, .suspended])
    try check.finish()
    let question = PageTokens.Question(
      call.method.description, tenant: .directory, filters: ["\(state.rawValue)"])
    let cursor = try environment.pageTokens.cursor(request.pageToken, for: question)
    // One more than asked for tells whether there is another page.
    let found = try await tenants.list(
      isSuspended: state == .unspecified ? nil : state == .suspended,
      visible: try environment.access.principal(of: call).tenants, after: cursor,
      limit: limit + 1, deadline: call.deadline)
    let page = found.prefix(limit)
    var response = ListTenantsResponse()
    response.tenants = page.map(\.message)
    if found.count > limit, let last = page.last {
      response.nextPageToken = environment.pageTokens.token(last.cursor, for: question)
    }
    return response
  }

  package func suspendTenant(
    _ request: SuspendTenantRequest, _ call: CallContext
  ) async throws -> SuspendTenantResponse {
    var check = RequestCheck()
    let id = check.tenant(request.tenantId)
    let reason = check.lines(request.reason, "reason", 0...500)
    let key = check.idempotencyKey(request.idempotencyKey)
    try check.finish()
    try environment.access.require(id, call)
    return try await environment.idempotency.change(request, key: key, tenant: id, call) {
      transaction in
      guard let tenant = try await tenants.suspend(id, reason: reason, in: transaction) else {
        throw ServiceError.noTenant(id)
      }
      var response = SuspendTenantResponse()
      response.tenant = tenant.message
      return response
    }
  }

  package func resumeTenant(
    _ request: ResumeTenantRequest, _ call: CallContext
  ) async throws -> ResumeTenantResponse {
    var check = RequestCheck()
    let id = check.tenant(request.tenantId)
    let key = check.idempotencyKey(request.idempotencyKey)
    try check.finish()
    try environment.access.require(id, call)
    return try await environment.idempotency.change(request, key: key, tenant: id, call) {
      transaction in
      guard let tenant = try await tenants.resume(id, in: transaction) else {
        throw ServiceError.noTenant(id)
      }
      var response = ResumeTenantResponse()
      response.tenant = tenant.message
      return response
    }
  }

  private static let resource = "tenant"
}

extension ServiceError {
  /// There is no such tenant, or the caller may not know that there is: the same words for both.
  package static func noTenant(_ id: TenantID) -> ServiceError {
    notFound("tenant", id.description)
  }
}
