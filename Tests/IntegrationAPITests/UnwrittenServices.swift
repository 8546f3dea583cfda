import IntegrationAPI
import TTRPC

/// What every method of the services below throws.
let unwritten = RPCError(.unimplemented, "not written")

/// Implementations of every service of the contract, to ask for their definitions.
enum UnwrittenServices {
  static let definitions: [ServiceDefinition] = [
    Probe().definition, Keys().definition, Health().definition, Tenants().definition,
  ]

  struct Probe: GRPCHealth {
    func check(
      _ request: HealthCheckRequest, _ call: CallContext
    ) async throws -> HealthCheckResponse { throw unwritten }
    func watch(
      _ request: HealthCheckRequest, responses: ResponseWriter<HealthCheckResponse>,
      _ call: CallContext
    ) async throws { throw unwritten }
  }

  struct Health: HealthService {
    func getHealth(
      _ request: GetHealthRequest, _ call: CallContext
    ) async throws -> GetHealthResponse { throw unwritten }
  }

  struct Tenants: TenantService {
    func createTenant(
      _ request: CreateTenantRequest, _ call: CallContext
    ) async throws -> CreateTenantResponse { throw unwritten }
    func getTenant(
      _ request: GetTenantRequest, _ call: CallContext
    ) async throws -> GetTenantResponse { throw unwritten }
    func listTenants(
      _ request: ListTenantsRequest, _ call: CallContext
    ) async throws -> ListTenantsResponse { throw unwritten }
    func suspendTenant(
      _ request: SuspendTenantRequest, _ call: CallContext
    ) async throws -> SuspendTenantResponse { throw unwritten }
    func resumeTenant(
      _ request: ResumeTenantRequest, _ call: CallContext
    ) async throws -> ResumeTenantResponse { throw unwritten }
  }

  struct Keys: ApiKeyService {
    func createApiKey(
      _ request: CreateApiKeyRequest, _ call: CallContext
    ) async throws -> CreateApiKeyResponse { throw unwritten }
    func getApiKey(
      _ request: GetApiKeyRequest, _ call: CallContext
    ) async throws -> GetApiKeyResponse { throw unwritten }
    func listApiKeys(
      _ request: ListApiKeysRequest, _ call: CallContext
    ) async throws -> ListApiKeysResponse { throw unwritten }
    func updateApiKey(
      _ request: UpdateApiKeyRequest, _ call: CallContext
    ) async throws -> UpdateApiKeyResponse { throw unwritten }
    func revokeApiKey(
      _ request: RevokeApiKeyRequest, _ call: CallContext
    ) async throws -> RevokeApiKeyResponse { throw unwritten }
    func rotateApiKey(
      _ request: RotateApiKeyRequest, _ call: CallContext
    ) async throws -> RotateApiKeyResponse { throw unwritten }
    func verifyApiKey(
      _ request: VerifyApiKeyRequest, _ call: CallContext
    ) async throws -> VerifyApiKeyResponse { throw unwritten }
    func getApiKeyUsage(
      _ request: GetApiKeyUsageRequest, _ call: CallContext
    ) async throws -> GetApiKeyUsageResponse { throw unwritten }
  }
}
