import FoundationEssentials
import IntegrationAPI
import Integrations
import ProtobufC
import TTRPC
import Testing

@Suite("Webhooks: test")
struct WebhookTestCallTests {
  @Test("a test is made by the engine, with the payload or a small object, and answered as it went")
  func delegated() async throws {
    try await WebhooksWorld.withoutDatabase { world in
      let id = UUID().text
      let failed = DeliveryAttempt(deliveryStatus: .failed, errorMessage: "refused")
      let first = try await world.test(id)
      #expect(first.succeeded)
      world.daemon.tester.answer(.success(failed))
      let answer = try await world.test(id, data: #"{"a": 1}"#)
      #expect(!answer.succeeded && answer.attempt == failed)
      let asked = world.daemon.tester.asked
      let lane = try world.lane(id)
      #expect(asked.map(\.lane) == [lane, lane])
      #expect(
        asked.map { String(decoding: $0.data, as: UTF8.self) } == [#"{"test":true}"#, #"{"a": 1}"#])
    }
  }

  @Test("what is no JSON or too large is refused before anything is sent")
  func violations() async throws {
    try await WebhooksWorld.withoutDatabase { world in
      let id = UUID().text
      for data in ["{", "nil", #"{"a":1,"a":2}"#, "\"" + String(repeating: "x", count: 262_144)] {
        await expectViolations(["event_data"]) { try await world.test(id, data: data) }
      }
      let largest = "\"" + String(repeating: "x", count: 262_142) + "\""
      let answer = try await world.test(id, data: largest)
      #expect(answer.succeeded)
      await expectViolations(["webhook_id"]) { try await world.test("") }
      #expect(world.daemon.tester.asked.count == 1)
    }
  }

  @Test("what the engine refuses is answered so; a caller without the tenant never gets there")
  func statuses() async throws {
    try await WebhooksWorld.withoutDatabase { world in
      let id = UUID().text
      for code in [StatusCode.notFound, .failedPrecondition] {
        world.daemon.tester.answer(.failure(ServiceError(code, "no")))
        await expectStatus(code) { try await world.test(id) }
      }
      await expectStatus(.notFound) { try await world.test(id, as: WebhooksWorld.stranger) }
      #expect(world.daemon.tester.asked.count == 2)
    }
  }
}
