internal import Integrations
internal import Synchronization
internal import TTRPC
internal import TTRPCServer

/// Stops the server: first gently, then at once.
final class StopSwitch: Sendable {
  /// How long calls that run may go on when the daemon stops.
  static let drainTime = Duration.seconds(10)

  private struct State {
    var server: Server?
    var health: HealthRegistry?
  }

  private let state = Mutex(State())

  /// From now on there is something to drain.
  func arm(_ server: Server, _ health: HealthRegistry) {
    state.withLock { $0 = State(server: server, health: health) }
  }

  /// - Returns: false when there is nothing to drain: the daemon is starting, or was told before.
  func press() -> Bool {
    let before = state.withLock { state in
      defer { state = State() }
      return state
    }
    guard let server = before.server else { return false }
    before.health?.stop()
    server.drain(within: Self.drainTime)
    return true
  }
}
