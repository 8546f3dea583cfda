internal import IntegrationAPI
internal import ProtobufC

/// A webhook to be made, checked.
struct NewWebhook: Sendable {
  var settings: WebhookSettings
  var auth: RequestedAuth
  /// Its headers; what authenticates is still to come.
  var credentials = WebhookCredentials()
}

extension RequestCheck {
  /// A new webhook.
  mutating func newWebhook(
    _ request: CreateWebhookRequest, _ outbound: OutboundSettings
  ) -> NewWebhook {
    let auth = self.auth(request.auth ?? WebhookAuth(), "auth")
    let settings = WebhookSettings(
      name: line(request.webhookName, "webhook_name", 1...200),
      url: webhookURL(request.webhookUrl, "webhook_url", outbound),
      subscribedEvents: subscriptions(request.subscribedEvents, "subscribed_events"),
      authentication: auth.authentication,
      method: webhookMethod(request.httpMethod, "http_method"),
      timeoutMs: webhookTimeout(request.timeout, "timeout"),
      retry: WebhookRetrySettings(
        isEnabled: request.retryIsEnabled,
        maxRetries: maxRetries(request.maxRetries, "max_retries"),
        delayMs: retryDelay(request.retryDelay, "retry_delay"),
        policy: retryPolicy(request.retryPolicy, "retry_policy")),
      isActive: request.isWantedActive)
    var new = NewWebhook(settings: settings, auth: auth)
    new.credentials.customHeaders = newHeaders(
      request.customHeaders, for: auth.authentication, "custom_headers")
    return new
  }

  /// What an update sets.
  mutating func change(
    _ request: UpdateWebhookRequest, _ outbound: OutboundSettings
  ) -> WebhookChange {
    let webhook = request.webhook ?? Webhook()
    var change = WebhookChange()
    for (index, path) in paths(of: request.updateMask) {
      let field = "webhook.\(path)"
      switch path {
      case "webhook_name": change.name = line(webhook.webhookName, field, 1...200)
      case "webhook_url": change.url = webhookURL(webhook.webhookUrl, field, outbound)
      case "subscribed_events":
        change.subscribedEvents = subscriptions(webhook.subscribedEvents, field)
      case "auth":
        if let auth = request.auth {
          change.auth = self.auth(auth, "auth")
        } else {
          refuse("auth", "is missing")
        }
      case "http_method": change.method = webhookMethod(webhook.httpMethod, field)
      case "custom_headers": change.headers = changedHeaders(webhook.customHeaders, field)
      case "timeout": change.timeoutMs = webhookTimeout(webhook.timeout, field)
      case "retry_enabled": change.retryIsEnabled = webhook.retryEnabled
      case "max_retries": change.maxRetries = maxRetries(webhook.maxRetries, field)
      case "retry_delay": change.retryDelayMs = retryDelay(webhook.retryDelay, field)
      case "retry_policy": change.retryPolicy = retryPolicy(webhook.retryPolicy, field)
      case "is_active": change.isActive = webhook.isActive
      default:
        refuse("update_mask.paths[\(index)]", "is not a field that can be changed")
      }
    }
    return change
  }
}
