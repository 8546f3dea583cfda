internal import IntegrationAPI
internal import Integrations
internal import Synchronization
internal import TTRPC
internal import TTRPCServer

/// The services of the daemon and the work they do in the background: a new one is added here.
struct Services: Sendable {
  let definitions: [ServiceDefinition]
  let background: [Background.Work]
  let parts: [HealthWatch.Part]
  let load: LoadMeter

  init(_ environment: ServiceEnvironment, _ health: HealthRegistry) {
    let load = LoadMeter()
    let tenants = TenantsService(environment)
    let apiKeys = APIKeysService(environment)
    let report = DaemonHealthService(health, version: DaemonVersion.current) { load.now }
    let check = GRPCHealthService(health)
    let purger = IdempotencyPurger(database: environment.database, logger: environment.logger)
    self.load = load
    parts = [
      HealthWatch.Part(name: "usage") {
        apiKeys.isUsageBehind
          ? ComponentStatus(.degraded, "usage counts wait for the database") : .healthy
      }
    ]
    background = [purger.run, apiKeys.run]
    let stored = [tenants.definition, apiKeys.definition]
    let remembered = [report.definition, check.definition]
    definitions = stored + remembered
    for definition in stored {
      health.register(service: definition.name, needs: [HealthWatch.database])
    }
    for definition in remembered {
      health.register(service: definition.name, needs: [])
    }
  }
}

/// What the server counts, for a service that the server has to know before it exists itself.
final class LoadMeter: Sendable {
  private let source = Mutex<(@Sendable () -> ServerStatistics)?>(nil)

  func provide(_ source: @escaping @Sendable () -> ServerStatistics) {
    self.source.withLock { $0 = source }
  }

  var now: DaemonHealthService.Load {
    let statistics = source.withLock { $0 }?()
    return DaemonHealthService.Load(
      openConnections: statistics?.openConnections ?? 0,
      callsInFlight: statistics?.callsInFlight ?? 0)
  }
}
