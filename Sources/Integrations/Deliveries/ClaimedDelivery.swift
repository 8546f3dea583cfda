internal import FoundationEssentials

/// A delivery that this daemon has the lease of: that its attempt has begun is committed already.
struct ClaimedDelivery: Sendable {
  let lane: WebhookLane
  let id: DeliveryID
  let event: EventID
  let eventType: String
  /// The payload, byte for byte.
  let data: [UInt8]
  /// 1 for the first.
  let attempt: Int32
  /// The fence: what the settlement must know to count.
  let leaseToken: UUID
  /// Attempts before this one that count against the policy.
  let attemptsSpent: Int
  /// Faults of our own in a row, before this one.
  let ownFaults: Int
  /// One attempt, whatever the policy.
  let isTest: Bool
  /// Of the webhook's settings when it was claimed.
  let revision: Int64
}
