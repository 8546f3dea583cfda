internal import TTRPC

extension ErrorReason {
  package static let webhookDoesNotSign = "WEBHOOK_DOES_NOT_SIGN"
  package static let webhookSecretsFull = "WEBHOOK_SECRETS_FULL"
}

extension ServiceError {
  /// There is no such webhook, or it is another tenant's.
  package static func noWebhook(_ id: WebhookID) -> ServiceError {
    notFound("webhook", id.description)
  }

  static func doesNotSign(_ id: WebhookID) -> ServiceError {
    ServiceError(
      .failedPrecondition, "webhook \(id) does not sign: its auth_type is not hmac",
      details: [.errorInfo(reason: ErrorReason.webhookDoesNotSign)])
  }

  static func secretsFull(_ id: WebhookID, _ count: Int) -> ServiceError {
    ServiceError(
      .failedPrecondition,
      "webhook \(id) has \(count) live secrets: wait for one to expire, or let all of them end with "
        + "an overlap of 0",
      details: [.errorInfo(reason: ErrorReason.webhookSecretsFull)])
  }
}

extension WebhookVaultError {
  /// What a caller hears: nothing but whose webhook it is. The log hears why.
  func serviceError(_ lane: WebhookLane) -> ServiceError {
    ServiceError(
      .internal, "the credentials of webhook \(lane.webhook) cannot be read",
      cause: UnreadableWebhook(lane: lane, reason: self))
  }

  private struct UnreadableWebhook: Error, CustomStringConvertible {
    let lane: WebhookLane
    let reason: WebhookVaultError
    var description: String { "webhook \(lane): \(reason)" }
  }
}
