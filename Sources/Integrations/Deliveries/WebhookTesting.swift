package import IntegrationAPI
package import Reactor

/// Sends a test to a webhook: what ``WebhooksService`` asks of the delivery engine.
package protocol WebhookTesting: Sendable {
  /// Makes one attempt, now, whatever the webhook's state, and logs it like any other.
  /// - Parameter data: the event's payload, as checked.
  /// - Throws: ``ServiceError`` `notFound`, `failedPrecondition` for a suspended tenant;
  ///   `DatabaseError`.
  func test(
    _ lane: WebhookLane, data: [UInt8], deadline: Deadline
  ) async throws -> DeliveryAttempt
}
