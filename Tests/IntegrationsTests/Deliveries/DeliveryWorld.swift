import FoundationEssentials
import IntegrationAPI
import Integrations
import KeyRules
import NetworkAddress
import PostgresClient
import ProtobufC
import TTRPC
import Testing

/// A tenant, daemons that deliver, and a receiver on loopback.
final class DeliveryWorld: Sendable {
  static let open = OutboundSettings(
    allowsHTTP: true,
    addresses: AddressPolicy(allowed: CIDRSet([loopback].compactMap { try? CIDRBlock($0) })))
  private static let loopback = "127.0.0.0/8"

  let world: WebhooksWorld
  let engines: [DeliveryEngine]
  let receiver: TestReceiver

  private init(_ world: WebhooksWorld, _ engines: [DeliveryEngine], _ receiver: TestReceiver) {
    self.world = world
    self.engines = engines
    self.receiver = receiver
  }

  /// Makes a world, lets `body` act in it, and ends it.
  /// - Parameters:
  ///   - daemons: how many deliver; with 0, what is published stays owed.
  ///   - lease: how long a claim holds.
  static func run(
    daemons: Int = 1, outbound: OutboundSettings = DeliveryWorld.open,
    lease: Duration = .seconds(60), drainTime: Duration = .seconds(60),
    answer: @escaping TestReceiver.Answer = { _, _ in .init(statusCode: .noContent) },
    _ body: @Sendable @escaping (DeliveryWorld) async throws -> Void
  ) async throws {
    let keyring = try Keyring.generate()
    try await TestReceiver.run(answer: answer) { receiver in
      try await WebhooksWorld.run(
        keyrings: Array(repeating: keyring, count: max(1, daemons)), outbound: outbound
      ) { world in
        let engines = world.daemons.prefix(daemons).map { daemon in
          DeliveryEngine(
            daemon.environment, loops: daemon.loops, settings: outbound,
            limits: DeliveryLimits(
              lease: lease, pollInterval: .milliseconds(200), drainTime: drainTime))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
          for engine in engines { group.addTask { try await engine.run() } }
          let result: Result<Void, any Error>
          do {
            result = .success(try await body(DeliveryWorld(world, engines, receiver)))
          } catch {
            result = .failure(error)
          }
          for engine in engines { engine.drain() }
          try await group.waitForAll()
          try result.get()
        }
      }
    }
  }

  // MARK: Services of the first daemon

  var events: EventsService { events(of: 0) }

  func events(of daemon: Int) -> EventsService {
    let engine = engines.count > daemon ? engines[daemon] : nil
    return EventsService(world.daemons[daemon].environment) { engine?.wake($0) }
  }

  var deliveries: DeliveriesService {
    let engine = engines.first
    return DeliveriesService(world.daemon.environment) { engine?.wake($0) }
  }

  // MARK: Calls

  /// A webhook at a path of the receiver that gets everything.
  func webhook(
    _ path: String = "/ok", _ edit: (inout CreateWebhookRequest) -> Void = { _ in }
  ) async throws -> CreateWebhookResponse {
    try await world.create {
      $0.webhookUrl = receiver.url(path)
      $0.subscribedEvents = ["*"]
      edit(&$0)
    }
  }

  @discardableResult
  func publish(
    _ type: String = "payment.captured", _ data: String = #"{"amount": 7}"#, key: String = "",
    tenant: TenantID? = nil, as user: UInt32 = WebhooksWorld.admin
  ) async throws -> PublishEventResponse {
    try await events.publishEvent(
      PublishEventRequest(
        tenantId: (tenant ?? world.tenant).description, eventType: type,
        eventData: Array(data.utf8), idempotencyKey: key),
      world.call("EventService/PublishEvent", as: user))
  }

  func attempts(
    _ edit: (inout ListAttemptsRequest) -> Void = { _ in }
  ) async throws -> ListAttemptsResponse {
    var request = ListAttemptsRequest()
    request.tenantId = world.tenant.description
    edit(&request)
    return try await deliveries.listAttempts(
      request, world.call("DeliveryService/ListAttempts"))
  }

  func attempt(_ delivery: String, _ number: Int32) async throws -> DeliveryAttempt {
    let response = try await deliveries.getAttempt(
      GetAttemptRequest(
        tenantId: world.tenant.description, deliveryId: delivery, attemptNumber: number),
      world.call("DeliveryService/GetAttempt"))
    return try #require(response.attempt)
  }

  func delivery(_ id: String) async throws -> GetDeliveryResponse {
    try await deliveries.getDelivery(
      GetDeliveryRequest(tenantId: world.tenant.description, deliveryId: id),
      world.call("DeliveryService/GetDelivery"))
  }

  func deliveries(of event: String) async throws -> [Delivery] {
    try await deliveries.listDeliveries(
      ListDeliveriesRequest(tenantId: world.tenant.description, eventId: event),
      world.call("DeliveryService/ListDeliveries")
    ).deliveries
  }

  /// Waits until the deliveries of an event have all ended.
  func ended(_ event: String) async throws -> [Delivery] {
    while true {
      let found = try await deliveries(of: event)
      if !found.isEmpty, found.allSatisfy({ $0.state != .pending }) { return found }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  /// Makes every waiting delivery due, as if its time had come.
  func hurry() async throws {
    try await world.sql(
      """
      update integrationd.webhook_deliveries
      set due_at = now()
      where state = 'pending' and lease_token is null
      """)
  }

  /// What a daemon leaves behind that is killed between its claim and its request, when the lease
  /// has run out.
  func orphan() async throws {
    try await world.sql(
      """
      update integrationd.webhook_deliveries
      set attempts = 1, lease_token = gen_random_uuid(),
        lease_ends_at = now() - interval '1 second',
        attempt_started_at = now() - interval '1 minute', attempt_url = 'http://x',
        attempt_method = 'PUT'
      """)
  }

  /// Checks that the counters say what the log says.
  func checkStatistics(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let wrong = try await world.count(
      """
      select count(*)
      from integrationd.webhook_statistics as s
      cross join lateral (
        select count(*) filter (where delivery_status = 'success') as successes,
          count(*) filter (where delivery_status = 'failed') as failures,
          count(*) as attempts
        from integrationd.webhook_delivery_logs as l
        where l.tenant_id = s.tenant_id and l.webhook_id = s.webhook_id
      ) as l
      where (s.successful_deliveries, s.failed_deliveries, s.total_attempts, s.total_deliveries)
        <> (l.successes, l.failures, l.attempts, l.successes + l.failures)
      """)
    #expect(wrong == 0, sourceLocation: sourceLocation)
  }
}
