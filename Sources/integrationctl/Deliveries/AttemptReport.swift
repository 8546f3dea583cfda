import IntegrationClient

/// An attempt in full: how it ended and how long it took, then what was sent after `>` and what
/// came back after `<`. Every line of a request or response has its mark, so that a body cannot pass
/// for something this program says.
struct AttemptReport {
  private let attempt: DeliveryAttempt

  init(_ attempt: DeliveryAttempt) { self.attempt = attempt }

  var text: String {
    ([Table.fields(fields), ""] + request + [""] + response).joined(separator: "\n")
  }

  private var fields: [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = [
      ("delivery", attempt.deliveryId), ("attempt", String(attempt.attemptNumber)),
      ("event", "\(attempt.eventId), \(attempt.eventType)"), ("status", attempt.outcome),
    ]
    if !attempt.errorMessage.isEmpty { fields.append(("error", attempt.errorMessage)) }
    fields += [
      ("began", Format.time(attempt.createdAt)), ("took", Format.duration(attempt.responseTime)),
      ("phases", attempt.phases),
      ("address", attempt.peerAddress.isEmpty ? "-" : attempt.peerAddress),
    ]
    if attempt.nextRetryAt != nil { fields.append(("next try", Format.time(attempt.nextRetryAt))) }
    return fields
  }

  private var request: [String] {
    Self.message(
      "\(attempt.requestMethod) \(attempt.requestUrl)", attempt.requestHeaders,
      BodyText.lines(attempt.requestBody), mark: ">")
  }

  private var response: [String] {
    guard attempt.responseStatusCode > 0 else { return ["< (no response)"] }
    return Self.message(
      "\(attempt.responseStatusCode)", attempt.responseHeaders,
      BodyText.lines(attempt.responseBody, isTruncated: attempt.responseTruncated), mark: "<")
  }

  private static func message(
    _ start: String, _ headers: [HttpHeader], _ body: [String], mark: String
  ) -> [String] {
    let head = ([start] + headers.map { "\($0.name): \($0.value)" }).map(TerminalText.line)
    return (head + [""] + body).map { $0.isEmpty ? mark : "\(mark) \($0)" }
  }
}

extension DeliveryAttempt {
  /// As in `success` or `pending-retry (status 503)`.
  var outcome: String {
    let status = Format.word(deliveryStatus)
    switch cause {
    case .unspecified: return status
    case .status: return "\(status) (status \(responseStatusCode))"
    default: return "\(status) (\(Format.word(cause)))"
    }
  }

  /// As in `resolve 1 ms, connect 3 ms, tls 12 ms, first byte 40 ms`. Phases that did not take
  /// place are left out: a connection that was open already has but the last.
  var phases: String {
    let all: [(String, ProtoDuration?)] = [
      ("resolve", timings?.resolve), ("connect", timings?.connect), ("tls", timings?.tls),
      ("first byte", timings?.firstByte),
    ]
    let taken = all.compactMap { name, span in
      Format.phase(span).map { "\(name) \($0)" }
    }
    return taken.isEmpty ? "-" : taken.joined(separator: ", ")
  }
}
