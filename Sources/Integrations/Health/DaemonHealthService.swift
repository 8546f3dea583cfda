package import IntegrationAPI
internal import ProtobufC
package import Reactor
package import TTRPC

/// `integration.v1.HealthService`: reports from memory, so it answers when the database does not.
package struct DaemonHealthService: HealthService {
  /// What the server counts.
  package struct Load: Sendable {
    package let openConnections: Int
    package let callsInFlight: Int

    package init(openConnections: Int, callsInFlight: Int) {
      self.openConnections = openConnections
      self.callsInFlight = callsInFlight
    }
  }

  private let registry: HealthRegistry
  private let version: String
  private let startedAt: MonotonicInstant
  private let load: @Sendable () -> Load

  package init(
    _ registry: HealthRegistry, version: String, startedAt: MonotonicInstant = .now(),
    load: @escaping @Sendable () -> Load
  ) {
    self.registry = registry
    self.version = version
    self.startedAt = startedAt
    self.load = load
  }

  package func getHealth(
    _ request: GetHealthRequest, _ call: CallContext
  ) async throws -> GetHealthResponse {
    let entries = registry.report
    let load = load()
    var response = GetHealthResponse()
    response.state = (entries.map(\.status.state).max() ?? .healthy).message
    response.components = entries.map { entry in
      var component = Component()
      component.name = entry.name
      component.state = entry.status.state.message
      component.message = entry.status.message
      component.since = ProtoTimestamp(unixMicroseconds: entry.sinceUnixMicroseconds)
      return component
    }
    response.version = version
    response.uptime = ProtoDuration(startedAt.duration(to: .now()))
    response.openConnections = Int32(clamping: load.openConnections)
    response.callsInFlight = Int32(clamping: load.callsInFlight)
    return response
  }
}
