internal import IntegrationAPI

/// A row of `integrationd.webhook_deliveries`, with its event's type.
struct DeliveryRecord: Sendable {
  let id: DeliveryID
  let lane: WebhookLane
  let event: EventID
  let eventType: String
  let state: DeliveryState
  let attempts: Int32
  let dueAt: UnixTime
  let failure: String
  let isTest: Bool
  let createdAt: UnixTime
  let endedAt: UnixTime?
  /// Of the attempt on its way. Nil: none is.
  let attemptStartedAt: UnixTime?
  let leaseEndsAt: UnixTime?

  /// As the contract shows it.
  var message: Delivery {
    Delivery(
      deliveryId: id.description, tenantId: lane.tenant.description,
      webhookId: lane.webhook.description, eventId: event.description, eventType: eventType,
      state: state, attempts: attempts,
      nextAttemptAt: state == .pending ? dueAt.timestamp : nil, failure: failure,
      createdAt: createdAt.timestamp, endedAt: endedAt?.timestamp, isTest: isTest,
      attemptStartedAt: attemptStartedAt?.timestamp, leaseEndsAt: leaseEndsAt?.timestamp)
  }
}

extension DeliveryState {
  /// - Parameter name: as in the table.
  init(name: String) {
    switch name {
    case "pending": self = .pending
    case "succeeded": self = .succeeded
    case "failed": self = .failed
    case "cancelled": self = .cancelled
    default: self = .unspecified
    }
  }
}
