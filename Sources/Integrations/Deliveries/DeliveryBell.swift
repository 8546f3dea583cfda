internal import Reactor
internal import Synchronization

/// Where those who know of work meet the ``Deliverer`` that waits for some: lanes are collected, and
/// ringing twice is ringing once.
final class DeliveryBell: Sendable {
  /// Lanes that are collected. What does not fit is found by the next poll.
  private static let maxLanes = 100_000

  private struct State {
    var lanes: Set<WebhookLane> = []
    var isRinging = false
    var waiter: Completion<Void>?
  }

  private let state = Mutex(State())

  /// Notes lanes with work, and rings.
  func wake(_ lanes: some Sequence<WebhookLane>) {
    state.withLock { state in
      for lane in lanes where state.lanes.count < Self.maxLanes { state.lanes.insert(lane) }
    }
    ring()
  }

  /// Ends a wait that is on, or the next one.
  func ring() {
    let waiter = state.withLock { state -> Completion<Void>? in
      defer { state.waiter = nil }
      if state.waiter == nil { state.isRinging = true }
      return state.waiter
    }
    waiter?.succeed(())
  }

  /// The lanes that were noted since the last time.
  func takeLanes() -> Set<WebhookLane> {
    state.withLock { state in
      defer { state.lanes = [] }
      return state.lanes
    }
  }

  /// Waits until it rings, or has rung since the last wait. One task waits.
  func wait() async {
    let waiter = Completion<Void>()
    let isOver = state.withLock { state -> Bool in
      if state.isRinging {
        state.isRinging = false
        return true
      }
      state.waiter = waiter
      return false
    }
    // Cancelled: it is over.
    if !isOver { try? await waiter.value() }
  }
}
