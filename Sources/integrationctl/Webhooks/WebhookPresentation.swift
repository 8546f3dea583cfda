import IntegrationClient

extension ListWebhooksResponse: Page {
  var rows: [Webhook] { webhooks }
}

extension Webhook: Presentable {
  var fields: [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = [
      ("webhook", webhookId), ("tenant", tenantId), ("name", webhookName), ("url", webhookUrl),
      ("events", Format.list(subscribedEvents)), ("state", Format.word(state)),
      ("auth", authentication), ("method", httpMethod),
    ]
    fields += customHeaders.map { ("header", "\($0.name): \($0.value)") }
    fields += [
      ("timeout", Format.duration(timeout)), ("retries", retries),
      (
        "deliveries",
        "\(totalDeliveries): \(successfulDeliveries) succeeded, \(failedDeliveries) failed"
      ),
      ("attempts", String(totalAttempts)),
      (
        "last attempt",
        lastDeliveryAt == nil
          ? "never" : "\(Format.time(lastDeliveryAt)), \(Format.word(lastDeliveryStatus))"
      ),
      ("created", Format.time(createdAt)), ("updated", Format.time(updatedAt)),
    ]
    for secret in secrets {
      var line = "…\(secret.lastFour), signs since \(Format.time(secret.createdAt))"
      if secret.expiresAt != nil { line += ", until \(Format.time(secret.expiresAt))" }
      fields.append(("secret v\(secret.version)", line))
      if !secret.publicKey.isEmpty { fields.append(("public key", secret.publicKey)) }
    }
    if state == .disabledByReceiver {
      fields.append(("note", "its receiver asked not to be called again; see webhooks enable"))
    }
    return fields
  }

  static func table(_ webhooks: [Webhook]) -> Table {
    var table = Table("WEBHOOK", "NAME", "STATE", "EVENTS", "SUCCEEDED", "FAILED", "LAST", "URL")
    for webhook in webhooks {
      table.add(
        webhook.webhookId, webhook.webhookName, Format.word(webhook.state),
        Format.cut(webhook.subscribedEvents.joined(separator: ","), to: 32),
        String(webhook.successfulDeliveries), String(webhook.failedDeliveries),
        webhook.lastDeliveryAt == nil ? "-" : Format.word(webhook.lastDeliveryStatus),
        webhook.webhookUrl)
    }
    return table
  }

  private var authentication: String {
    switch authType {
    case .basic: "basic, as \(username)"
    case .hmac:
      "hmac, \(SignatureScheme.name(of: signatureProfile))"
        + (signatureHeader.isEmpty ? "" : " in \(signatureHeader)")
    default: Format.word(authType)
    }
  }

  private var retries: String {
    guard retryEnabled else { return "none" }
    guard let policy = retryPolicy else { return evenRetries }
    var words =
      switch policy.preset {
      case .standard: "standard, ten tries in three days"
      case .fast: "fast, five tries in ten minutes"
      case .custom: "after " + policy.delays.map { Format.duration($0) }.joined(separator: ", ")
      case .unspecified, .unrecognized: evenRetries
      }
    if policy.jitterPercent > 0 { words += "; \(policy.jitterPercent) % at random" }
    for rule in policy.statusRules {
      let range =
        rule.firstStatus == rule.lastStatus
        ? "\(rule.firstStatus)" : "\(rule.firstStatus)-\(rule.lastStatus)"
      words += "; \(range): \(Format.word(rule.action))"
    }
    return words
  }

  private var evenRetries: String { "\(maxRetries), \(Format.duration(retryDelay)) apart" }
}
