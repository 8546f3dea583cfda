internal import PostgresClient
internal import Reactor

/// The settings of webhooks, decrypted, for as long as their revision is the one a claim has seen.
/// Lives on one loop.
actor TargetCache {
  private static let maxTargets = 4096

  private let reader: WebhookTargets
  private var targets: [WebhookLane: WebhookTarget] = [:]

  init(_ reader: WebhookTargets) { self.reader = reader }

  /// The settings of the webhooks that deliveries go to, or why there are none. A webhook that is
  /// deleted has neither.
  func targets(
    of deliveries: [ClaimedDelivery], now: UnixTime, deadline: Deadline
  ) async throws(DatabaseError) -> [WebhookLane: Result<WebhookTarget, WebhookTargetFailure>] {
    var found: [WebhookLane: Result<WebhookTarget, WebhookTargetFailure>] = [:]
    var missing: Set<WebhookLane> = []
    for delivery in deliveries where found[delivery.lane] == nil {
      if let target = targets[delivery.lane], target.revision == delivery.revision,
        target.validUntil.map({ $0 > now }) ?? true
      {
        found[delivery.lane] = .success(target)
      } else {
        missing.insert(delivery.lane)
      }
    }
    guard !missing.isEmpty else { return found }
    let read = try await reader.targets(of: Array(missing), deadline: deadline)
    if targets.count + read.count > Self.maxTargets { targets.removeAll() }
    for result in read {
      switch result {
      case .success(let target):
        targets[target.lane] = target
        found[target.lane] = result
      case .failure(let failure): found[failure.lane] = result
      }
    }
    return found
  }
}
