internal import Integrations
internal import Reactor
internal import Synchronization
internal import TTRPC
internal import TTRPCServer

/// Stops the server: first gently, then at once.
final class StopSwitch: Sendable {
  /// How long calls that run may go on when the daemon stops.
  static let drainTime = Duration.seconds(10)
  /// Signals that arrive this soon after the first mean the same: timeout(1) and terminals send
  /// one to the process and one to its group.
  static let sameSignal = Duration.milliseconds(300)

  /// What a press did.
  enum Effect {
    /// There is nothing to drain yet.
    case nothingToStop
    /// Calls that run may finish.
    case draining
    /// Calls that run are cut off.
    case cutting
    /// The daemon is ending already.
    case ignored
  }

  private struct State {
    var server: Server?
    var health: HealthRegistry?
    var engine: DeliveryEngine?
    var pressed: MonotonicInstant?
  }

  private let state = Mutex(State())

  /// From now on there is something to drain.
  func arm(_ server: Server, _ health: HealthRegistry, _ engine: DeliveryEngine) {
    state.withLock { state in
      state.server = server
      state.engine = engine
      state.health = health
    }
  }

  func press() -> Effect {
    state.withLock { state in
      let now = MonotonicInstant.now()
      guard let server = state.server else { return .nothingToStop }
      guard let first = state.pressed else {
        state.pressed = now
        state.health?.stop()
        state.engine?.drain()
        server.drain(within: Self.drainTime)
        return .draining
      }
      guard first.duration(to: now) > Self.sameSignal else { return .ignored }
      server.drain(within: .zero)
      return .cutting
    }
  }
}
