package import IntegrationAPI

extension CreateWebhookRequest: IdempotentRequest {}
extension UpdateWebhookRequest: IdempotentRequest {}
extension DeleteWebhookRequest: IdempotentRequest {}
extension RotateWebhookSecretRequest: IdempotentRequest {}

extension CreateWebhookRequest {
  /// Not set: true.
  var retryIsEnabled: Bool {
    if case .retryEnabled(let isEnabled) = optionalRetryEnabled { isEnabled } else { true }
  }

  /// Not set: true.
  var isWantedActive: Bool {
    if case .isActive(let isActive) = optionalIsActive { isActive } else { true }
  }
}
