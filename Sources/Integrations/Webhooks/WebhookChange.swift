internal import DeliveryRules

/// What an update sets; nil leaves it.
struct WebhookChange: Sendable {
  var name: String?
  var url: String?
  var subscribedEvents: [String]?
  var auth: RequestedAuth?
  var method: String?
  /// A value ``MaskedHeader/value`` keeps the value of that name.
  var headers: [CustomHeader]?
  var timeoutMs: Int64?
  var retryIsEnabled: Bool?
  var maxRetries: Int32?
  var retryDelayMs: Int64?
  var retryPolicy: WebhookRetrySettings.Policy?
  var isActive: Bool?

  /// Makes the change.
  /// - Returns: the text of the signing secret that was generated; empty when none was.
  /// - Throws: ``ServiceError`` `invalidArgument` for headers that do not go with what is stored.
  func apply(to webhook: inout WebhookRecord) throws(ServiceError) -> String {
    var settings = webhook.row.settings
    settings.name = name ?? settings.name
    settings.url = url ?? settings.url
    settings.subscribedEvents = subscribedEvents ?? settings.subscribedEvents
    settings.method = method ?? settings.method
    settings.timeoutMs = timeoutMs ?? settings.timeoutMs
    settings.retry.isEnabled = retryIsEnabled ?? settings.retry.isEnabled
    settings.retry.maxRetries = maxRetries ?? settings.retry.maxRetries
    settings.retry.delayMs = retryDelayMs ?? settings.retry.delayMs
    settings.retry.policy = retryPolicy ?? settings.retry.policy
    settings.authentication = auth?.authentication ?? settings.authentication
    if let isActive {
      settings.isActive = isActive
      // From now on it is so because somebody said so.
      webhook.row.disabledReason = ""
    }
    webhook.row.settings = settings
    let generated = auth?.replace(&webhook.credentials, at: webhook.row.readAt) ?? ""
    try applyHeaders(to: &webhook)
    return generated
  }

  private func applyHeaders(to webhook: inout WebhookRecord) throws(ServiceError) {
    guard headers != nil || auth != nil else { return }
    let authentication = webhook.row.settings.authentication
    let stored = webhook.credentials.customHeaders
    var check = RequestCheck()
    if let headers {
      var merged = headers
      for (index, header) in headers.enumerated() where header.value == MaskedHeader.value {
        if let kept = stored.first(where: header.isNamed) {
          merged[index] = CustomHeader(name: header.name, value: kept.value)
        } else {
          check.refuse(
            "webhook.custom_headers[\(index)].value",
            "stands for a value that is kept, and there is none")
        }
      }
      webhook.credentials.customHeaders = check.checkedHeaders(
        merged, for: authentication, "webhook.custom_headers")
    } else {
      do throws(WebhookHeadersError) {
        _ = try authentication.headers(stored)
      } catch {
        check.refuse("auth", "does not go with custom_headers\(error.field), which \(error)")
      }
    }
    try check.finish()
  }
}
