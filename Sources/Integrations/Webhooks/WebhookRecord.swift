internal import IntegrationAPI
internal import ProtobufC
internal import Signing

/// A webhook as stored, its credentials decrypted, and as it was at ``readAt``.
struct WebhookRecord: Sendable {
  var row: WebhookRow
  var credentials: WebhookCredentials

  /// As callers see it: no secret is in it.
  var message: Webhook {
    var webhook = Webhook()
    let settings = row.settings
    webhook.webhookId = row.lane.webhook.description
    webhook.tenantId = row.lane.tenant.description
    webhook.webhookName = settings.name
    webhook.webhookUrl = settings.url
    webhook.subscribedEvents = settings.subscribedEvents
    webhook.authType = settings.authentication.message
    webhook.signatureProfile = settings.authentication.form?.message ?? .unspecified
    webhook.signatureHeader = settings.authentication.form?.header ?? ""
    webhook.secrets = credentials.liveSecrets(at: row.readAt).map(\.message)
    webhook.username = credentials.username ?? ""
    webhook.httpMethod = settings.method
    webhook.customHeaders = credentials.headers.map {
      WebhookHeader(
        name: $0.name, value: MaskedHeader.masks($0.name) ? MaskedHeader.value : $0.value)
    }
    webhook.timeout = ProtoDuration(milliseconds: settings.timeoutMs)
    webhook.retryEnabled = settings.retry.isEnabled
    webhook.maxRetries = settings.retry.maxRetries
    webhook.retryDelay = ProtoDuration(milliseconds: settings.retry.delayMs)
    webhook.retryPolicy = settings.retry.policy.message
    webhook.isActive = settings.isActive
    webhook.state = row.state
    webhook.totalDeliveries = row.statistics.totalDeliveries
    webhook.successfulDeliveries = row.statistics.successfulDeliveries
    webhook.failedDeliveries = row.statistics.failedDeliveries
    webhook.totalAttempts = row.statistics.totalAttempts
    webhook.lastDeliveryAt = row.statistics.lastDeliveryAt?.timestamp
    webhook.lastDeliveryStatus = row.statistics.lastDeliveryStatus
    webhook.createdAt = row.createdAt.timestamp
    webhook.updatedAt = row.updatedAt.timestamp
    return webhook
  }
}

/// A row of `integrationd.webhooks`, and of `webhook_statistics` where it was read.
struct WebhookRow: Sendable {
  var lane: WebhookLane
  var settings: WebhookSettings
  /// The envelope.
  var sealed: [UInt8]
  /// Empty unless the receiver caused it.
  var disabledReason: String
  var revision: Int64
  var createdAt: UnixTime
  var updatedAt: UnixTime
  /// The database's time when this was read.
  var readAt: UnixTime
  var statistics = WebhookStatistics()

  var state: WebhookState {
    if settings.isActive { return .active }
    return disabledReason.isEmpty ? .disabled : .disabledByReceiver
  }

  /// Where a page that ends with it ends.
  var cursor: PageCursor {
    PageCursor(unixMicroseconds: createdAt.microseconds, id: lane.webhook.uuid)
  }
}

/// The counters of a webhook.
struct WebhookStatistics: Hashable, Sendable {
  var totalDeliveries: Int64 = 0
  var successfulDeliveries: Int64 = 0
  var failedDeliveries: Int64 = 0
  var totalAttempts: Int64 = 0
  var lastDeliveryAt: UnixTime?
  var lastDeliveryStatus: AttemptStatus = .unspecified
}

extension WebhookCredentials.Secret {
  /// As callers see it.
  var message: WebhookSecret {
    var secret = WebhookSecret()
    secret.version = version
    secret.lastFour = String(text.suffix(4))
    secret.createdAt = UnixTime(microseconds: createdAt).timestamp
    secret.expiresAt = expiresAt.map { UnixTime(microseconds: $0).timestamp }
    if kind == SigningSecret.Kind.ed25519.rawValue {
      secret.publicKey = signingSecret?.publicKey?.text ?? ""
    }
    return secret
  }
}
