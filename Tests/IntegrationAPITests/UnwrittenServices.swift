import IntegrationAPI
import TTRPC

/// What every method of the services below throws.
let unwritten = RPCError(.unimplemented, "not written")

/// Implementations of every service of the contract, to ask for their definitions.
enum UnwrittenServices {
  static let definitions: [ServiceDefinition] = [
    Probe().definition, Keys().definition, Deliveries().definition, Events().definition,
    EventTypes().definition, Health().definition, Tenants().definition, Webhooks().definition,
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

  struct Deliveries: DeliveryService {
    func listDeliveries(
      _ request: ListDeliveriesRequest, _ call: CallContext
    ) async throws -> ListDeliveriesResponse { throw unwritten }
    func getDelivery(
      _ request: GetDeliveryRequest, _ call: CallContext
    ) async throws -> GetDeliveryResponse { throw unwritten }
    func retryDelivery(
      _ request: RetryDeliveryRequest, _ call: CallContext
    ) async throws -> RetryDeliveryResponse { throw unwritten }
    func listAttempts(
      _ request: ListAttemptsRequest, _ call: CallContext
    ) async throws -> ListAttemptsResponse { throw unwritten }
    func getAttempt(
      _ request: GetAttemptRequest, _ call: CallContext
    ) async throws -> GetAttemptResponse { throw unwritten }
  }

  struct EventTypes: EventTypeService {
    func createEventType(
      _ request: CreateEventTypeRequest, _ call: CallContext
    ) async throws -> CreateEventTypeResponse { throw unwritten }
    func getEventType(
      _ request: GetEventTypeRequest, _ call: CallContext
    ) async throws -> GetEventTypeResponse { throw unwritten }
    func listEventTypes(
      _ request: ListEventTypesRequest, _ call: CallContext
    ) async throws -> ListEventTypesResponse { throw unwritten }
    func updateEventType(
      _ request: UpdateEventTypeRequest, _ call: CallContext
    ) async throws -> UpdateEventTypeResponse { throw unwritten }
    func deleteEventType(
      _ request: DeleteEventTypeRequest, _ call: CallContext
    ) async throws -> DeleteEventTypeResponse { throw unwritten }
  }

  struct Events: EventService {
    func publishEvent(
      _ request: PublishEventRequest, _ call: CallContext
    ) async throws -> PublishEventResponse { throw unwritten }
    func publishEvents(
      _ request: PublishEventsRequest, _ call: CallContext
    ) async throws -> PublishEventsResponse { throw unwritten }
    func publishEventStream(
      requests: RequestStream<PublishEventRequest>,
      responses: ResponseWriter<PublishEventStreamResponse>, _ call: CallContext
    ) async throws { throw unwritten }
    func getEvent(
      _ request: GetEventRequest, _ call: CallContext
    ) async throws -> GetEventResponse { throw unwritten }
    func listEvents(
      _ request: ListEventsRequest, _ call: CallContext
    ) async throws -> ListEventsResponse { throw unwritten }
  }

  struct Webhooks: WebhookService {
    func createWebhook(
      _ request: CreateWebhookRequest, _ call: CallContext
    ) async throws -> CreateWebhookResponse { throw unwritten }
    func getWebhook(
      _ request: GetWebhookRequest, _ call: CallContext
    ) async throws -> GetWebhookResponse { throw unwritten }
    func listWebhooks(
      _ request: ListWebhooksRequest, _ call: CallContext
    ) async throws -> ListWebhooksResponse { throw unwritten }
    func updateWebhook(
      _ request: UpdateWebhookRequest, _ call: CallContext
    ) async throws -> UpdateWebhookResponse { throw unwritten }
    func deleteWebhook(
      _ request: DeleteWebhookRequest, _ call: CallContext
    ) async throws -> DeleteWebhookResponse { throw unwritten }
    func rotateWebhookSecret(
      _ request: RotateWebhookSecretRequest, _ call: CallContext
    ) async throws -> RotateWebhookSecretResponse { throw unwritten }
    func testWebhook(
      _ request: TestWebhookRequest, _ call: CallContext
    ) async throws -> TestWebhookResponse { throw unwritten }
  }
}
