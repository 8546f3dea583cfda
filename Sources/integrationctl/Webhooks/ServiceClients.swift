import IntegrationClient

/// The services that the commands about events call.
extension IntegrationClient {
  var webhooks: WebhookServiceClient { WebhookServiceClient(channel) }
  var eventTypes: EventTypeServiceClient { EventTypeServiceClient(channel) }
  var events: EventServiceClient { EventServiceClient(channel) }
  var deliveries: DeliveryServiceClient { DeliveryServiceClient(channel) }
}
