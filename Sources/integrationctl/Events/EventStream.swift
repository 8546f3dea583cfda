import ArgumentParser
import IntegrationClient

/// Publishes the lines of standard input and prints an answer for each.
actor EventStream {
  private let tenant: String
  private let json: Bool
  private var ledger = StreamLedger()
  private var isInputRead = false

  init(tenant: String, json: Bool) {
    self.tenant = tenant
    self.json = json
  }

  /// Returns when every line is answered.
  /// - Throws: `ExitStatus.refused` when one was refused, or why the stream ended before its time.
  func publish(with client: IntegrationClient) async throws {
    // No deadline: the stream lasts as long as its input.
    let call = try await client.events.publishEventStream(options: CallOptions())
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.send(to: call.requests) }
      for try await answer in call.responses { try show(ledger.answered(answer)) }
      guard isInputRead, ledger.isSettled else {
        throw RPCError(.unavailable, "the daemon ended the stream before the input had ended")
      }
      try await group.waitForAll()
    }
    if ledger.refusals > 0 { throw ExitStatus.refused }
  }

  private func send(to requests: RequestWriter<PublishEventRequest>) async throws {
    let input = StandardInputLines(maxLineBytes: EventLine.maxBytes)
    while let line = await input.next() {
      let request: PublishEventRequest?
      do throws(EventLineError) {
        request = try EventLine.request(line, tenant: tenant)
      } catch {
        try show(ledger.refused("\(error)"))
        continue
      }
      guard let request else { continue }
      // Before it is sent: the answer may be faster than what follows.
      ledger.sent()
      try await requests.write(request)
    }
    isInputRead = true
    await requests.finish()
  }

  private func show(_ answers: [PublishEventStreamResponse]) throws {
    for answer in answers {
      try print(json ? try JSON.text(of: answer) : TerminalText.line(answer.summary))
    }
  }
}

extension PublishEventStreamResponse {
  /// As in `0: 018f..., 2 deliveries`.
  var summary: String {
    guard code == 0, let event else {
      let name = StatusCode(rawValue: code)?.name ?? "\(code)"
      return "\(sequence): refused: \(message) (\(reason.isEmpty ? name : reason))"
    }
    let what = event.duplicate ? "published before" : Format.deliveries(event.deliveries)
    return "\(sequence): \(event.eventId), \(what)"
  }
}
