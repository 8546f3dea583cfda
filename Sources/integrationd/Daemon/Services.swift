internal import IntegrationAPI
internal import Integrations
internal import Reactor
internal import Synchronization
internal import TTRPC
internal import TTRPCServer

/// The services of the daemon and the work they do in the background: a new one is added here.
struct Services: Sendable {
  let definitions: [ServiceDefinition]
  let background: [Background.Work]
  let parts: [HealthWatch.Part]
  let load: LoadMeter
  let engine: DeliveryEngine

  init(
    _ environment: ServiceEnvironment, _ health: HealthRegistry, _ loops: EventLoopGroup,
    _ configuration: Configuration
  ) {
    let load = LoadMeter()
    let tenants = TenantsService(environment)
    let apiKeys = APIKeysService(environment)
    let engine = DeliveryEngine(
      environment, loops: loops, settings: configuration.outbound,
      limits: DeliveryLimits(lease: configuration.deliveryLease))
    let webhooks = WebhooksService(
      environment, outbound: configuration.outbound, tester: engine)
    let eventTypes = EventTypesService(environment)
    let events = EventsService(environment, wake: engine.wake)
    let deliveries = DeliveriesService(environment, wake: engine.wake)
    let history = EventPurger(
      database: environment.database, logger: environment.logger,
      retention: configuration.eventRetention)
    let rewrapper = CredentialRewrapper(
      WebhookRepository(database: environment.database, keyring: environment.keyring),
      logger: environment.logger)
    let report = DaemonHealthService(health, version: DaemonVersion.current) { load.now }
    let check = GRPCHealthService(health)
    let purger = IdempotencyPurger(database: environment.database, logger: environment.logger)
    self.load = load
    self.engine = engine
    parts = [
      HealthWatch.Part(name: "usage") {
        apiKeys.isUsageBehind
          ? ComponentStatus(.degraded, "usage counts wait for the database") : .healthy
      }
    ]
    background = [purger.run, apiKeys.run, engine.run, history.run, rewrapper.run]
    let stored = [
      tenants.definition, apiKeys.definition, webhooks.definition, eventTypes.definition,
      events.definition, deliveries.definition,
    ]
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
