import FlyingFox
import FoundationEssentials
import IntegrationAPI
import Integrations
import ProtobufC
import Signing
import TTRPC
import Testing

@Suite("deliveries: sent, signed, tried again, logged")
struct DeliveryTests {
  @Test("an event reaches its webhook byte for byte, with a signature its receiver can verify")
  func delivered() async throws {
    try await DeliveryWorld.run { world in
      let created = try await world.webhook {
        $0.customHeaders = [
          WebhookHeader(name: "X-School", value: "Springfield"),
          WebhookHeader(name: "X-Api-Key", value: "visible-nowhere"),
        ]
      }
      let body = #"{ "b":1, "a":[1.0, 2e3] }"#
      let event = try await world.publish("payment.captured", body)
      #expect(event.deliveries == 1 && !event.duplicate)
      let delivery = try #require(try await world.ended(event.eventId).first)
      #expect(delivery.state == .succeeded && delivery.attempts == 1)
      let hit = try #require(world.receiver.hits.first)
      #expect(world.receiver.hits.count == 1)
      #expect(hit.body == Array(body.utf8) && hit.method == "POST" && hit.id == event.eventId)
      #expect(hit.headers["content-type"] == "application/json")
      #expect(hit.headers["x-school"] == "Springfield")
      #expect(hit.headers["x-api-key"] == "visible-nowhere")
      let verifier = try SignatureVerifier(
        profile: .standard, keys: [.secret(SigningSecret(created.signingSecret))])
      let headers = hit.headers.map { SignatureHeader(name: $0.key, value: $0.value) }
      let now = Int64(Date().timeIntervalSince1970)
      #expect(
        throws: Never.self
      ) { try verifier.verify(headers, body: hit.body, nowUnixSeconds: now) }

      let attempt = try await world.attempt(delivery.deliveryId, 1)
      #expect(attempt.deliveryStatus == .success && attempt.responseStatusCode == 204)
      #expect(attempt.requestBody == Array(body.utf8) && attempt.requestMethod == "POST")
      #expect(attempt.requestUrl == world.receiver.url() && attempt.peerAddress == "127.0.0.1")
      let shown = Dictionary(
        attempt.requestHeaders.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
      #expect(shown["X-School"] == "Springfield" && shown["X-Api-Key"] == "***")
      #expect(shown["webhook-signature"]?.hasPrefix("v1,") == true)
      #expect(attempt.cause == .unspecified && attempt.errorMessage.isEmpty)
      #expect(attempt.deliveredAt != nil && attempt.nextRetryAt == nil)
      try await world.checkStatistics()
      let webhook = try await world.world.get(try #require(created.webhook).webhookId)
      #expect(webhook.successfulDeliveries == 1 && webhook.totalAttempts == 1)
      #expect(webhook.lastDeliveryStatus == .success)
    }
  }

  @Test("a failed attempt is tried again with the same id, and a fresh timestamp")
  func retried() async throws {
    try await DeliveryWorld.run(answer: { _, number in
      HTTPResponse(
        statusCode: number < 3 ? .internalServerError : .ok, body: Data("try \(number)".utf8))
    }) { world in
      _ = try await world.webhook()
      let event = try await world.publish()
      for number in 1...2 {
        await world.receiver.waitForHits(number)
        while try await world.attempts({ $0.deliveryStatus = .pendingRetry }).attempts.count
          < number
        { try await Task.sleep(for: .milliseconds(10)) }
        try await world.hurry()
      }
      let delivery = try #require(try await world.ended(event.eventId).first)
      #expect(delivery.state == .succeeded && delivery.attempts == 3)
      #expect(world.receiver.hits.map(\.id) == [event.eventId, event.eventId, event.eventId])
      let shown = try await world.delivery(delivery.deliveryId)
      #expect(shown.attempts.map(\.attemptNumber) == [3, 2, 1])
      #expect(
        shown.attempts.map(\.deliveryStatus) == [.success, .pendingRetry, .pendingRetry])
      let second = try await world.attempt(delivery.deliveryId, 2)
      #expect(second.cause == .status && second.responseStatusCode == 500)
      #expect(second.errorMessage == "the receiver answered 500")
      #expect(second.responseBody == Array("try 2".utf8) && second.nextRetryAt != nil)
      try await world.checkStatistics()
    }
  }

  @Test("when the tries are used up, the delivery has failed and stays so")
  func exhausted() async throws {
    try await DeliveryWorld.run(answer: { _, _ in HTTPResponse(statusCode: .badGateway) }) {
      world in
      _ = try await world.webhook { $0.maxRetries = 1 }
      let event = try await world.publish()
      await world.receiver.waitForHits(1)
      while try await world.attempts({ $0.deliveryStatus = .pendingRetry }).attempts.isEmpty {
        try await Task.sleep(for: .milliseconds(10))
      }
      try await world.hurry()
      let delivery = try #require(try await world.ended(event.eventId).first)
      #expect(delivery.state == .failed && delivery.attempts == 2)
      #expect(delivery.failure == "failed 2 times, and the policy has no more retries")
      let last = try await world.attempt(delivery.deliveryId, 2)
      #expect(last.deliveryStatus == .failed && last.nextRetryAt == nil)
      #expect(world.receiver.hits.count == 2)
      try await world.checkStatistics()
    }
  }

  @Test("Retry-After is obeyed when it asks for more than the policy")
  func retryAfter() async throws {
    try await DeliveryWorld.run(answer: { _, _ in
      HTTPResponse(
        statusCode: .tooManyRequests, headers: [HTTPHeader("Retry-After"): "3600"])
    }) { world in
      _ = try await world.webhook { $0.retryDelay = .seconds(1) }
      let event = try await world.publish()
      while try await world.attempts({ $0.deliveryStatus = .pendingRetry }).attempts.isEmpty {
        try await Task.sleep(for: .milliseconds(10))
      }
      let delivery = try #require(try await world.deliveries(of: event.eventId).first)
      let attempt = try await world.attempt(delivery.deliveryId, 1)
      let wait =
        try #require(attempt.nextRetryAt).seconds - (try #require(attempt.deliveredAt).seconds)
      #expect((3599...3601).contains(wait))
    }
  }

  @Test("410 Gone ends the delivery and disables the webhook")
  func gone() async throws {
    try await DeliveryWorld.run(answer: { _, _ in HTTPResponse(statusCode: .gone) }) { world in
      let created = try await world.webhook()
      let event = try await world.publish()
      let delivery = try #require(try await world.ended(event.eventId).first)
      #expect(delivery.state == .failed && delivery.failure == "the receiver answered 410")
      let id = try #require(created.webhook).webhookId
      while try await world.world.get(id).isActive {
        try await Task.sleep(for: .milliseconds(10))
      }
      #expect(try await world.world.get(id).state == .disabledByReceiver)
      #expect(try await world.publish().deliveries == 0)
    }
  }

  @Test("an address that must not be talked to fails at once, and nobody is called")
  func forbidden() async throws {
    try await DeliveryWorld.run(
      outbound: OutboundSettings(allowsHTTP: true, addresses: .init())
    ) { world in
      // A name: literal addresses are refused when the webhook is made.
      _ = try await world.world.create {
        $0.webhookUrl = "http://localhost:\(world.receiver.port)/ok"
        $0.subscribedEvents = ["*"]
      }
      let event = try await world.publish()
      let delivery = try #require(try await world.ended(event.eventId).first)
      #expect(delivery.state == .failed && delivery.attempts == 1)
      let attempt = try await world.attempt(delivery.deliveryId, 1)
      #expect(attempt.cause == .forbiddenAddress && attempt.responseStatusCode == 0)
      #expect(world.receiver.hits.isEmpty)
    }
  }

  @Test("a disabled webhook keeps what it is owed until it is enabled")
  func held() async throws {
    try await DeliveryWorld.run(answer: { _, number in
      HTTPResponse(statusCode: number == 1 ? .serviceUnavailable : .ok)
    }) { world in
      let id = try #require(try await world.webhook().webhook).webhookId
      let event = try await world.publish()
      while try await world.attempts({ $0.deliveryStatus = .pendingRetry }).attempts.isEmpty {
        try await Task.sleep(for: .milliseconds(10))
      }
      try await world.world.update(id, ["is_active"]) { $0.isActive = false }
      try await world.hurry()
      #expect(try await world.publish().deliveries == 0)
      // Two more polls at least see the lane and leave it alone.
      try await Task.sleep(for: .milliseconds(600))
      #expect(world.receiver.hits.count == 1)
      try await world.world.update(id, ["is_active"]) { $0.isActive = true }
      let delivery = try #require(try await world.ended(event.eventId).first)
      #expect(delivery.state == .succeeded && world.receiver.hits.count == 2)
    }
  }

  @Test("a test makes one real request, also to a disabled webhook, and is logged")
  func tested() async throws {
    try await DeliveryWorld.run(answer: { hit, _ in
      HTTPResponse(statusCode: hit.path == "/ok" ? .ok : .internalServerError)
    }) { world in
      let engine = try #require(world.engines.first)
      let good = try #require(try await world.webhook("/ok").webhook).webhookId
      let bad = try #require(
        try await world.webhook("/bad") { $0.optionalIsActive = .isActive(false) }.webhook
      ).webhookId
      let success = try await engine.test(
        world.world.lane(good), data: Array("{}".utf8), deadline: .within(.seconds(60)))
      #expect(success.deliveryStatus == .success && success.eventType == "webhook.test")
      let failure = try await engine.test(
        world.world.lane(bad), data: Array("{}".utf8), deadline: .within(.seconds(60)))
      #expect(failure.deliveryStatus == .failed && failure.responseStatusCode == 500)
      #expect(world.receiver.hits.map(\.path) == ["/ok", "/bad"])
      #expect(try await world.attempts { $0.webhookId = bad }.attempts.count == 1)
      #expect(try await world.delivery(failure.deliveryId).delivery?.state == .failed)
      try await world.checkStatistics()
    }
  }

  @Test("one event reaches every webhook that subscribes to it, and no other")
  func fanOut() async throws {
    try await DeliveryWorld.run { world in
      let subscriptions = [
        "/exact": ["payment.captured"], "/prefix": ["payment.*"], "/all": ["*"],
        "/other": ["refund.*"], "/itself": ["payment.captured.*"],
      ]
      for (path, types) in subscriptions {
        _ = try await world.webhook(path) { $0.subscribedEvents = types }
      }
      let event = try await world.publish("payment.captured")
      #expect(event.deliveries == 3)
      _ = try await world.ended(event.eventId)
      #expect(Set(world.receiver.hits.map(\.path)) == ["/exact", "/prefix", "/all"])
    }
  }
}
