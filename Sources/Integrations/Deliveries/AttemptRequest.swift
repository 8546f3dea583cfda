internal import DeliveryRules
internal import OutboundHTTP
internal import Reactor
internal import Signing

/// The HTTP request of one attempt, and what the log may show of it.
struct AttemptRequest {
  let outbound: OutboundRequest
  /// As `name: value` lines, credentials masked.
  let shownHeaders: String

  /// Why a request cannot be made of a webhook's settings.
  struct Refusal: Error {
    let message: String
  }

  /// - Parameters:
  ///   - now: when the attempt is made; receivers refuse timestamps that are not recent.
  ///   - end: when it must be over.
  init(
    _ delivery: ClaimedDelivery, to target: WebhookTarget, _ settings: OutboundSettings,
    now: UnixTime, end: MonotonicInstant
  ) throws(Refusal) {
    var headers: [OutboundHeader] = []
    var shown: [String] = []
    func add(_ name: String, _ value: String, masked: Bool = false) throws(OutboundHeaderError) {
      headers.append(try OutboundHeader(name, value))
      shown.append("\(name): \(masked ? MaskedHeader.value : value)")
    }
    guard let method = OutboundMethod(rawValue: target.method) else {
      throw Refusal(message: "the request cannot be made: \(target.method) is no method")
    }
    do {
      let message = try WebhookMessage(
        id: delivery.event.description,
        timestampUnixSeconds: now.microseconds / 1_000_000, body: delivery.data)
      try add("content-type", "application/json")
      var identity = message.identity
      switch target.authentication {
      case .none: break
      case .authorization(let value): try add("authorization", value, masked: true)
      case .signature(let signer): identity = try signer.headers(for: message)
      }
      for header in identity { try add(header.name, header.value) }
      for header in target.headers {
        try add(header.name, header.value, masked: MaskedHeader.masks(header.name))
      }
    } catch {
      throw Refusal(message: "the request cannot be made: \(error)")
    }
    shownHeaders = shown.joined(separator: "\n")
    outbound = OutboundRequest(
      method, target.url, headers: headers, body: delivery.data,
      timeouts: OutboundTimeouts(
        resolve: min(.seconds(2), target.timeout), connect: min(.seconds(5), target.timeout),
        tls: min(.seconds(5), target.timeout), firstByte: target.timeout, total: target.timeout,
        deadline: end),
      policy: settings.addresses)
  }
}
