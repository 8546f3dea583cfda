import DeliveryRules
import FoundationEssentials
import IntegrationAPI
import Integrations
import ProtobufC
import TTRPC
import TestSupport
import Testing

@Suite("events: lost replies, and what SQL and Swift must agree on")
struct PublishLossTests {
  @Test("a lost reply to COMMIT is found out: the event is there once, and the caller hears so")
  func lostCommit() async throws {
    try await ServiceWorld.run(proxied: true) { world, proxy in
      let proxy = try #require(proxy)
      let tenant = try await world.create().tenantId
      let service = EventsService(world.environment) { _ in }
      for number in 0..<5 {
        let type = "lost.number\(number)"
        proxy.cutInsteadOfAnswer(to: type)
        let response = try await service.publishEvent(
          PublishEventRequest(
            tenantId: tenant, eventType: type, eventData: Array("1".utf8),
            idempotencyKey: number == 0 ? "k" : ""),
          world.call("PublishEvent"))
        #expect(!response.duplicate)
        let stored = try await world.store.execute(
          "select count(*) as n from integrationd.events where event_type = '\(type)'")
        #expect(try stored.first?.int("n") == 1)
      }
    }
  }

  @Test("SQL and Swift agree on which subscriptions a type matches")
  func covering() async throws {
    let store = try await TestDatabase.make(Schema.migrations)
    var names = ["a", "a.b", "a.b.c", "payment_success", "A-1.b_2", "0"]
    for _ in 0..<50 {
      names.append(
        (0..<Int.random(in: 1...6)).map { _ in
          String((0..<Int.random(in: 1...8)).compactMap { _ in "abcXYZ019_-".randomElement() })
        }.joined(separator: "."))
    }
    for name in names {
      let rows = try await store.execute(
        """
        select array_to_string(
          array(
            select text
            from unnest(integrationd.covering_subscriptions('\(name)')) as text
            order by text collate "C"
          ), ' ') as list
        """)
      let expected = try EventTypeName(name).coveringSubscriptions.sorted {
        $0.utf8.lexicographicallyPrecedes($1.utf8)
      }
      #expect(try rows.first?.text("list") == expected.joined(separator: " "))
    }
  }
}
