/// What it takes to call a method.
package enum MethodAccess: Hashable, Sendable {
  /// Any caller that the policy knows.
  case anyCaller
  /// A caller with a role that contains this one.
  case role(Role)

  /// Every method of the daemon. A method that is missing here can be called by `admin` alone; a
  /// test compares the table with the contract.
  package static let table: [String: MethodAccess] = [
    "grpc.health.v1.Health/Check": .anyCaller,
    "grpc.health.v1.Health/Watch": .anyCaller,
    "integration.v1.HealthService/GetHealth": .role(.read),

    "integration.v1.TenantService/CreateTenant": .role(.admin),
    "integration.v1.TenantService/GetTenant": .role(.read),
    "integration.v1.TenantService/ListTenants": .role(.read),
    "integration.v1.TenantService/SuspendTenant": .role(.admin),
    "integration.v1.TenantService/ResumeTenant": .role(.admin),

    "integration.v1.ApiKeyService/CreateApiKey": .role(.operate),
    "integration.v1.ApiKeyService/GetApiKey": .role(.read),
    "integration.v1.ApiKeyService/ListApiKeys": .role(.read),
    "integration.v1.ApiKeyService/UpdateApiKey": .role(.operate),
    "integration.v1.ApiKeyService/RevokeApiKey": .role(.operate),
    "integration.v1.ApiKeyService/RotateApiKey": .role(.operate),
    "integration.v1.ApiKeyService/VerifyApiKey": .role(.verify),
    "integration.v1.ApiKeyService/GetApiKeyUsage": .role(.read),

    "integration.v1.WebhookService/CreateWebhook": .role(.operate),
    "integration.v1.WebhookService/GetWebhook": .role(.read),
    "integration.v1.WebhookService/ListWebhooks": .role(.read),
    "integration.v1.WebhookService/UpdateWebhook": .role(.operate),
    "integration.v1.WebhookService/DeleteWebhook": .role(.operate),
    "integration.v1.WebhookService/RotateWebhookSecret": .role(.operate),
    "integration.v1.WebhookService/TestWebhook": .role(.operate),

    "integration.v1.EventTypeService/CreateEventType": .role(.operate),
    "integration.v1.EventTypeService/GetEventType": .role(.read),
    "integration.v1.EventTypeService/ListEventTypes": .role(.read),
    "integration.v1.EventTypeService/UpdateEventType": .role(.operate),
    "integration.v1.EventTypeService/DeleteEventType": .role(.operate),

    "integration.v1.EventService/PublishEvent": .role(.publish),
    "integration.v1.EventService/PublishEvents": .role(.publish),
    "integration.v1.EventService/PublishEventStream": .role(.publish),
    "integration.v1.EventService/GetEvent": .role(.read),
    "integration.v1.EventService/ListEvents": .role(.read),

    "integration.v1.DeliveryService/ListDeliveries": .role(.read),
    "integration.v1.DeliveryService/GetDelivery": .role(.read),
    "integration.v1.DeliveryService/RetryDelivery": .role(.operate),
    "integration.v1.DeliveryService/ListAttempts": .role(.read),
    "integration.v1.DeliveryService/GetAttempt": .role(.read),
  ]
}
