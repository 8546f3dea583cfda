internal import DequeModule

/// How many deliveries of a lane to claim, at most.
package struct LaneQuota: Sendable, Hashable {
  package let lane: WebhookLane
  package let count: Int
}

/// Which lanes have work, and how much of it may be taken: the decisions of a ``Deliverer``, without
/// I/O.
///
/// Lanes take turns. Each may have only so many attempts on their way, so that one receiver cannot
/// take all the room: it begins with ``firstCap``, each success doubles that up to ``maxCap``, and a
/// failure sets it back to 1. Lanes that fail may take half of the room together, so that receivers
/// that answer are served at once, however many there are that do not.
package struct LaneBook: Sendable {
  /// Attempts on their way to a receiver nobody knows yet.
  static let firstCap = 2
  /// Attempts on their way to a receiver that answers.
  static let maxCap = 16
  /// Lanes that are remembered while they have nothing to do.
  static let maxIdleLanes = 10_000

  /// Attempts on their way, in all lanes.
  package let room: Int
  package private(set) var inFlight = 0
  /// Those of ``inFlight`` in lanes that fail.
  private var failing = 0
  private var lanes: [WebhookLane: Lane] = [:]
  private var ready = Deque<WebhookLane>()

  private struct Lane {
    var inFlight = 0
    var cap = LaneBook.firstCap
    /// In ``LaneBook/ready``.
    var isReady = false
    /// There may be more than is on its way.
    var mayHaveWork = false
    var isFailing = false
  }

  package init(room: Int) { self.room = room }

  /// Notes that a lane has, or may have, something due.
  package mutating func wake(_ lane: WebhookLane) {
    lanes[lane, default: Lane()].mayHaveWork = true
    makeReady(lane)
  }

  /// The lanes to claim from next, and how many deliveries at most: at most `limit` in all, shared
  /// evenly. What it gives is on its way until ``claimed(_:of:)`` says otherwise.
  package mutating func take(atMost limit: Int) -> [LaneQuota] {
    var quotas: [WebhookLane: Int] = [:]
    var order: [WebhookLane] = []
    var left = min(limit, room - inFlight)
    // One each, then another one each, until there is no room or nobody wants more.
    var turns = ready.count
    while left > 0, turns > 0, let lane = ready.popFirst() {
      turns -= 1
      guard var entry = lanes[lane] else { continue }
      guard entry.mayHaveWork, entry.inFlight < entry.cap else {
        entry.isReady = false
        lanes[lane] = entry
        continue
      }
      if entry.isFailing, failing >= room / 2 {
        ready.append(lane)
        continue
      }
      entry.inFlight += 1
      inFlight += 1
      if entry.isFailing { failing += 1 }
      left -= 1
      if quotas.updateValue((quotas[lane] ?? 0) + 1, forKey: lane) == nil { order.append(lane) }
      lanes[lane] = entry
      ready.append(lane)
      turns = ready.count
    }
    for lane in order { lanes[lane]?.mayHaveWork = false }
    return order.map { LaneQuota(lane: $0, count: quotas[$0] ?? 0) }
  }

  /// A claim got `count` deliveries of a lane. Less than its quota: there is no more.
  package mutating func claimed(_ count: Int, of quota: LaneQuota) {
    guard var lane = lanes[quota.lane] else { return }
    let unused = max(0, quota.count - count)
    lane.inFlight -= unused
    inFlight -= unused
    if lane.isFailing { failing -= unused }
    if unused == 0 { lane.mayHaveWork = true }
    lanes[quota.lane] = lane
    if lane.mayHaveWork { makeReady(quota.lane) } else { rest(quota.lane) }
  }

  /// An attempt of a lane is over.
  /// - Parameter receiverAnswered: whether the receiver took it; nil when that is not known, because
  ///   the fault was ours.
  package mutating func finished(_ lane: WebhookLane, receiverAnswered: Bool?) {
    guard var entry = lanes[lane] else { return }
    entry.inFlight -= 1
    inFlight -= 1
    if entry.isFailing { failing -= 1 }
    if let receiverAnswered, receiverAnswered == entry.isFailing {
      entry.isFailing = !receiverAnswered
      failing += receiverAnswered ? -entry.inFlight : entry.inFlight
    }
    if let receiverAnswered { entry.cap = receiverAnswered ? min(entry.cap * 2, Self.maxCap) : 1 }
    lanes[lane] = entry
    if entry.mayHaveWork { makeReady(lane) } else { rest(lane) }
  }

  /// Lanes that are remembered.
  var laneCount: Int { lanes.count }

  private mutating func makeReady(_ lane: WebhookLane) {
    guard var entry = lanes[lane], !entry.isReady, entry.inFlight < entry.cap else { return }
    entry.isReady = true
    lanes[lane] = entry
    ready.append(lane)
  }

  /// Forgets a lane without work when there are many. Its place in the turn, if it has one, is
  /// passed over when it comes.
  private mutating func rest(_ lane: WebhookLane) {
    guard lanes.count > Self.maxIdleLanes, lanes[lane]?.inFlight == 0 else { return }
    lanes[lane] = nil
  }
}
