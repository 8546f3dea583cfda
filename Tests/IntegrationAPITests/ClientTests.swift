import IntegrationAPI
import ProtobufC
import Synchronization
import TTRPC
import Testing

/// Generated clients call the methods they are named after.
@Suite
struct ClientTests {
  /// Notes what is called, and fails every call.
  private final class NotingChannel: RPCChannel {
    struct Call: Hashable {
      let method: MethodName
      let kind: MethodKind
      let timeout: Duration?
    }

    private let noted = Mutex<[Call]>([])
    var calls: [Call] { noted.withLock { $0 } }

    private func fail(
      _ method: MethodName, _ kind: MethodKind, _ options: CallOptions
    ) throws(RPCError) -> Never {
      noted.withLock { $0.append(Call(method: method, kind: kind, timeout: options.timeout)) }
      throw unwritten
    }

    func unary<Request: Message, Response: Message>(
      _ method: MethodName, _ request: Request, _ options: CallOptions
    ) async throws(RPCError) -> Response { try fail(method, .unary, options) }

    func serverStreaming<Request: Message, Response: Message>(
      _ method: MethodName, _ request: Request, _ options: CallOptions
    ) async throws(RPCError) -> ResponseStream<Response> {
      try fail(method, .serverStreaming, options)
    }

    func clientStreaming<Request: Message, Response: Message>(
      _ method: MethodName, _ options: CallOptions
    ) async throws(RPCError) -> ClientStreamingCall<Request, Response> {
      try fail(method, .clientStreaming, options)
    }

    func bidirectional<Request: Message, Response: Message>(
      _ method: MethodName, _ options: CallOptions
    ) async throws(RPCError) -> BidirectionalCall<Request, Response> {
      try fail(method, .bidirectional, options)
    }
  }

  @Test("the clients' methods are those of the catalogue")
  func methods() async {
    let channel = NotingChannel()
    let probe = GRPCHealthClient(channel)
    let keys = ApiKeyServiceClient(channel)
    let deliveries = DeliveryServiceClient(channel)
    let eventTypes = EventTypeServiceClient(channel)
    let events = EventServiceClient(channel)
    let webhooks = WebhookServiceClient(channel)
    let health = HealthServiceClient(channel)
    let tenants = TenantServiceClient(channel)
    let options = CallOptions(timeout: .seconds(7))
    let calls: [() async throws -> Void] = [
      { _ = try await probe.check(HealthCheckRequest(), options: options) },
      { _ = try await probe.watch(HealthCheckRequest(), options: options) },
      { _ = try await keys.createApiKey(CreateApiKeyRequest(), options: options) },
      { _ = try await keys.getApiKey(GetApiKeyRequest(), options: options) },
      { _ = try await keys.listApiKeys(ListApiKeysRequest(), options: options) },
      { _ = try await keys.updateApiKey(UpdateApiKeyRequest(), options: options) },
      { _ = try await keys.revokeApiKey(RevokeApiKeyRequest(), options: options) },
      { _ = try await keys.rotateApiKey(RotateApiKeyRequest(), options: options) },
      { _ = try await keys.verifyApiKey(VerifyApiKeyRequest(), options: options) },
      { _ = try await keys.getApiKeyUsage(GetApiKeyUsageRequest(), options: options) },
      { _ = try await deliveries.listDeliveries(ListDeliveriesRequest(), options: options) },
      { _ = try await deliveries.getDelivery(GetDeliveryRequest(), options: options) },
      { _ = try await deliveries.retryDelivery(RetryDeliveryRequest(), options: options) },
      { _ = try await deliveries.listAttempts(ListAttemptsRequest(), options: options) },
      { _ = try await deliveries.getAttempt(GetAttemptRequest(), options: options) },
      { _ = try await events.publishEvent(PublishEventRequest(), options: options) },
      { _ = try await events.publishEvents(PublishEventsRequest(), options: options) },
      { _ = try await events.publishEventStream(options: options) },
      { _ = try await events.getEvent(GetEventRequest(), options: options) },
      { _ = try await events.listEvents(ListEventsRequest(), options: options) },
      { _ = try await eventTypes.createEventType(CreateEventTypeRequest(), options: options) },
      { _ = try await eventTypes.getEventType(GetEventTypeRequest(), options: options) },
      { _ = try await eventTypes.listEventTypes(ListEventTypesRequest(), options: options) },
      { _ = try await eventTypes.updateEventType(UpdateEventTypeRequest(), options: options) },
      { _ = try await eventTypes.deleteEventType(DeleteEventTypeRequest(), options: options) },
      { _ = try await health.getHealth(GetHealthRequest(), options: options) },
      { _ = try await tenants.createTenant(CreateTenantRequest(), options: options) },
      { _ = try await tenants.getTenant(GetTenantRequest(), options: options) },
      { _ = try await tenants.listTenants(ListTenantsRequest(), options: options) },
      { _ = try await tenants.suspendTenant(SuspendTenantRequest(), options: options) },
      { _ = try await tenants.resumeTenant(ResumeTenantRequest(), options: options) },
      { _ = try await webhooks.createWebhook(CreateWebhookRequest(), options: options) },
      { _ = try await webhooks.getWebhook(GetWebhookRequest(), options: options) },
      { _ = try await webhooks.listWebhooks(ListWebhooksRequest(), options: options) },
      { _ = try await webhooks.updateWebhook(UpdateWebhookRequest(), options: options) },
      { _ = try await webhooks.deleteWebhook(DeleteWebhookRequest(), options: options) },
      {
        _ = try await webhooks.rotateWebhookSecret(RotateWebhookSecretRequest(), options: options)
      },
      { _ = try await webhooks.testWebhook(TestWebhookRequest(), options: options) },
    ]
    for call in calls { await #expect(throws: unwritten) { try await call() } }
    #expect(
      channel.calls
        == ServiceCatalogue.all.flatMap(\.methods).map {
          NotingChannel.Call(method: $0.name, kind: $0.kind, timeout: .seconds(7))
        })
  }
}
