internal import IntegrationAPI

/// How a part of the daemon, or something it depends on, is doing.
package struct ComponentStatus: Sendable, Hashable {
  /// Best first.
  package enum State: Int, Sendable, Hashable, Comparable {
    /// Works.
    case healthy
    /// Works, with a fault worth a look.
    case degraded
    /// Does not work.
    case unhealthy

    package static func < (left: State, right: State) -> Bool { left.rawValue < right.rawValue }

    var message: ComponentState {
      switch self {
      case .healthy: .healthy
      case .degraded: .degraded
      case .unhealthy: .unhealthy
      }
    }
  }

  package var state: State
  /// What is wrong, for people. Empty when nothing is. Holds no secret.
  package var message: String

  package init(_ state: State, _ message: String = "") {
    self.state = state
    self.message = message
  }

  package static let healthy = ComponentStatus(.healthy)
}
