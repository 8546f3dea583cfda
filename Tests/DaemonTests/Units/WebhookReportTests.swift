import IntegrationClient
import Testing

@testable import integrationctl

@Suite("Reports of attempts")
struct WebhookReportTests {
  private let attempt = DeliveryAttempt(
    deliveryId: "d", attemptNumber: 2, eventId: "e", eventType: "a.b",
    deliveryStatus: .pendingRetry, cause: .status, responseStatusCode: 503,
    responseTime: ProtoDuration(seconds: 1), createdAt: ProtoTimestamp(seconds: 1_000),
    timings: AttemptTimings(
      connect: ProtoDuration(nanos: 3_000_000), firstByte: ProtoDuration(nanos: 300)),
    requestUrl: "https://a.example/", requestMethod: "POST",
    requestHeaders: [HttpHeader(name: "x-a", value: "b")], requestBody: Array("[]".utf8),
    responseHeaders: [HttpHeader(name: "X-Evil", value: "\u{1b}[2J")],
    responseBody: Array("no\n\nverdict: the receiver took it".utf8))

  @Test("what a receiver says cannot pass for what this program says")
  func marks() {
    let lines = AttemptReport(attempt).text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(
      Array(lines.suffix(11)) == [
        "> POST https://a.example/", "> x-a: b", ">", "> []", "", "< 503",
        "< X-Evil: \\u{1b}[2J", "<", "< no", "<", "< verdict: the receiver took it",
      ])
    #expect(lines.contains("status:   pending-retry (status 503)"))
    #expect(lines.contains("phases:   connect 3 ms, first byte <1 ms"))
  }

  @Test("an attempt without an answer says so")
  func unanswered() {
    var unanswered = attempt
    unanswered.responseStatusCode = 0
    unanswered.cause = .connect
    #expect(AttemptReport(unanswered).text.hasSuffix("\n\n< (no response)"))
    #expect(unanswered.outcome == "pending-retry (connect)")
  }

  @Test("a test's verdict is its last line", arguments: [(true, "took"), (false, "did not take")])
  func verdict(succeeded: Bool, word: String) {
    let answer = TestWebhookResponse(succeeded: succeeded, attempt: attempt)
    #expect(Webhooks.Test.report(answer).hasSuffix("\n\nverdict: the receiver \(word) it"))
    #expect(
      Webhooks.Test.report(TestWebhookResponse(succeeded: succeeded))
        == "verdict: the receiver \(word) it")
  }
}
