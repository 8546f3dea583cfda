import FlyingFox
import FoundationEssentials
import IntegrationAPI
import Integrations
import NetworkAddress
import ProtobufC
import TTRPC
import Testing

@Suite("deliveries: what dies meanwhile, and several daemons")
struct RecoveryTests {
  @Test(
    "an attempt whose daemon died is taken over when its lease ends, and is logged as abandoned")
  func orphan() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      _ = try await world.webhook()
      let event = try await world.publish()
      try await world.orphan()
      let engine = DeliveryEngine(
        world.world.daemon.environment, loops: world.world.daemon.loops,
        settings: DeliveryWorld.open, limits: DeliveryLimits(pollInterval: .milliseconds(100)))
      let running = Task { try await engine.run() }
      let delivery = try #require(try await world.ended(event.eventId).first)
      #expect(delivery.state == .succeeded && delivery.attempts == 2)
      let abandoned = try await world.attempt(delivery.deliveryId, 1)
      #expect(abandoned.cause == .abandoned && abandoned.deliveryStatus == .pendingRetry)
      #expect(abandoned.requestUrl == "http://x" && abandoned.requestMethod == "PUT")
      #expect(world.receiver.hits.count == 1)
      try await world.checkStatistics()
      engine.drain()
      try await running.value
    }
  }

  @Test("a daemon that was started without allow_http costs nobody an event")
  func forgottenSetting() async throws {
    try await DeliveryWorld.run(daemons: 0) { world in
      _ = try await world.webhook { $0.maxRetries = 1 }
      let event = try await world.publish()
      let engine = DeliveryEngine(
        world.world.daemon.environment, loops: world.world.daemon.loops,
        settings: OutboundSettings(allowsHTTP: false, addresses: AddressPolicy(allowed: CIDRSet())),
        limits: DeliveryLimits(pollInterval: .milliseconds(100)))
      let running = Task { try await engine.run() }
      while try await world.attempts().attempts.count < 3 {
        try await world.hurry()
        try await Task.sleep(for: .milliseconds(20))
      }
      engine.drain()
      try await running.value
      let attempts = try await world.attempts().attempts
      #expect(attempts.allSatisfy { $0.cause == .ownFault && $0.deliveryStatus == .pendingRetry })
      #expect(attempts.first?.errorMessage == "webhook_url must begin with https://")
      #expect(try await world.deliveries(of: event.eventId).map(\.state) == [.pending])
      #expect(world.receiver.hits.isEmpty)
    }
  }

  @Test("who lost its lease can settle nothing")
  func fenced() async throws {
    let gate = AsyncStream<Void>.makeStream()
    try await DeliveryWorld.run(answer: { _, number in
      if number == 1 { for await _ in gate.stream { break } }
      return HTTPResponse(statusCode: .ok)
    }) { world in
      _ = try await world.webhook()
      let event = try await world.publish()
      await world.receiver.waitForHits(1)
      // The lease runs out, and somebody else takes over and succeeds.
      try await world.world.sql(
        """
        update integrationd.webhook_deliveries
        set lease_ends_at = now() - interval '1 second'
        """)
      let delivery = try #require(try await world.ended(event.eventId).first)
      #expect(delivery.attempts == 2)
      gate.continuation.yield(())
      for engine in world.engines { engine.drain() }
      await world.receiver.waitForHits(2)
      let first = try await world.attempt(delivery.deliveryId, 1)
      #expect(first.cause == .abandoned)
      let states = try await world.deliveries(of: event.eventId).map(\.state)
      #expect(states == [.succeeded])
      try await world.checkStatistics()
    }
  }

  @Test("two daemons share the work, and nothing is delivered twice")
  func shared() async throws {
    try await DeliveryWorld.run(daemons: 2) { world in
      for number in 0..<4 { _ = try await world.webhook("/\(number)") }
      var events: [String] = []
      for number in 0..<60 {
        let service = world.events(of: number % 2)
        let response = try await service.publishEvent(
          PublishEventRequest(
            tenantId: world.world.tenant.description, eventType: "a.b",
            eventData: Array("\(number)".utf8)),
          world.world.call("EventService/PublishEvent", on: world.world.daemons[number % 2]))
        #expect(response.deliveries == 4)
        events.append(response.eventId)
      }
      for event in events { _ = try await world.ended(event) }
      let hits = world.receiver.hits
      #expect(hits.count == 240)
      #expect(Set(hits.map { $0.path + $0.id }).count == 240)
      try await world.checkStatistics()
    }
  }

  @Test("a daemon that stops lets attempts finish, and gives back what does not in time")
  func drained() async throws {
    try await DeliveryWorld.run(
      drainTime: .milliseconds(100),
      answer: { _, number in
        // The first never answers by itself: its connection is cut.
        if number == 1 { try? await Task.sleep(for: .seconds(3600)) }
        return HTTPResponse(statusCode: .ok)
      }
    ) { world in
      _ = try await world.webhook { $0.timeout = .seconds(30) }
      let event = try await world.publish()
      await world.receiver.waitForHits(1)
      let engine = try #require(world.engines.first)
      engine.drain()
      while try await world.attempts({ $0.deliveryStatus = .pendingRetry }).attempts.isEmpty {
        try await Task.sleep(for: .milliseconds(10))
      }
      let delivery = try #require(try await world.deliveries(of: event.eventId).first)
      #expect(delivery.state == .pending)
      let attempt = try await world.attempt(delivery.deliveryId, 1)
      #expect(attempt.cause == .ownFault)
      let spent = try await world.world.count(
        "select attempts_spent from integrationd.webhook_deliveries")
      #expect(spent == 0)
      try await world.checkStatistics()
    }
  }

  @Test(
    "a service publishes in its own transaction: its commit is the acceptance, and wakes daemons")
  func publishedInSQL() async throws {
    try await DeliveryWorld.run { world in
      _ = try await world.webhook()
      let publish = """
        select integrationd.publish_event(
          '\(world.world.tenant)', 'invoice.paid', '{"n": 1}', 'invoice-1')::text as id
        """
      let id = try #require(try await world.world.sql(publish).first).text("id")
      let delivery = try #require(try await world.ended(id).first)
      #expect(delivery.state == .succeeded)
      let again = try #require(try await world.world.sql(publish).first).text("id")
      #expect(again == id)
      try await world.world.sql(
        """
        do $$
        begin
          perform integrationd.publish_event('\(world.world.tenant)', 'invoice.paid', '2');
          raise exception 'undone';
        exception
          when raise_exception then null;
        end $$
        """)
      #expect(try await world.world.count("select count(*) from integrationd.events") == 1)
      #expect(world.receiver.hits.count == 1)
    }
  }
}
