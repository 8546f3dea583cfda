import IntegrationClient

extension ListDeliveriesResponse: Page {
  var rows: [Delivery] { deliveries }
}

extension ListAttemptsResponse: Page {
  var rows: [DeliveryAttempt] { attempts }
}

extension Delivery: Presentable {
  var fields: [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = [
      ("delivery", deliveryId), ("tenant", tenantId), ("webhook", webhookId), ("event", eventId),
      ("type", eventType), ("state", Format.word(state)), ("attempts", String(attempts)),
    ]
    if attemptStartedAt != nil {
      fields.append(("being tried", "since \(Format.time(attemptStartedAt))"))
      fields.append(("given up", "at \(Format.time(leaseEndsAt)), should its daemon be dead"))
    } else if nextAttemptAt != nil {
      fields.append(("next try", Format.time(nextAttemptAt)))
    }
    if !failure.isEmpty { fields.append(("failure", failure)) }
    fields.append(("created", Format.time(createdAt)))
    if endedAt != nil { fields.append(("ended", Format.time(endedAt))) }
    if isTest { fields.append(("test", "yes")) }
    return fields
  }

  private var nextTry: String {
    attemptStartedAt == nil ? Format.time(nextAttemptAt) : "is being tried"
  }

  /// Of one webhook, while they are owed.
  static func owed(_ deliveries: [Delivery]) -> Table {
    var table = Table("DELIVERY", "EVENT", "TYPE", "TRIES", "NEXT TRY", "OWED SINCE")
    for delivery in deliveries {
      table.add(
        delivery.deliveryId, delivery.eventId, delivery.eventType, String(delivery.attempts),
        delivery.nextTry, Format.time(delivery.createdAt))
    }
    return table
  }

  /// Of one event.
  static func fates(_ deliveries: [Delivery]) -> Table {
    var table = Table("DELIVERY", "WEBHOOK", "STATE", "TRIES", "NEXT TRY", "ENDED", "FAILURE")
    for delivery in deliveries {
      table.add(
        delivery.deliveryId, delivery.webhookId, Format.word(delivery.state),
        String(delivery.attempts), delivery.nextTry, Format.time(delivery.endedAt),
        delivery.failure.isEmpty ? "-" : Format.cut(delivery.failure, to: 60))
    }
    return table
  }
}

extension DeliveryAttempt {
  /// Attempts of several deliveries.
  static func log(_ attempts: [DeliveryAttempt]) -> Table {
    var table = Table(
      "BEGAN", "STATUS", "CODE", "TOOK", "TYPE", "DELIVERY", "TRY", "WEBHOOK", "ERROR")
    for attempt in attempts {
      table.add(
        Format.time(attempt.createdAt), Format.word(attempt.deliveryStatus), attempt.code,
        Format.duration(attempt.responseTime), attempt.eventType, attempt.deliveryId,
        String(attempt.attemptNumber), attempt.webhookId, attempt.error)
    }
    return table
  }

  /// Attempts of one delivery.
  static func timeline(_ attempts: [DeliveryAttempt]) -> Table {
    var table = Table("TRY", "BEGAN", "STATUS", "CODE", "TOOK", "ADDRESS", "NEXT TRY", "ERROR")
    for attempt in attempts {
      table.add(
        String(attempt.attemptNumber), Format.time(attempt.createdAt),
        Format.word(attempt.deliveryStatus), attempt.code, Format.duration(attempt.responseTime),
        attempt.peerAddress.isEmpty ? "-" : attempt.peerAddress, Format.time(attempt.nextRetryAt),
        attempt.error)
    }
    return table
  }

  private var code: String { responseStatusCode == 0 ? "-" : String(responseStatusCode) }

  private var error: String {
    errorMessage.isEmpty ? "-" : Format.cut(errorMessage, to: 60)
  }
}
