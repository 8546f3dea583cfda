internal import DeliveryRules
internal import Signing

/// Texts that tenants and receivers choose: header fields, names of events, `Retry-After`.
enum HeaderRules {
  static func run(_ input: inout FuzzInput) {
    switch input.byte() % 3 {
    case 0: headers(&input)
    case 1: retryAfter(&input)
    default: events(&input)
    }
  }

  private static func headers(_ input: inout FuzzInput) {
    let signsItself = input.byte() & 1 == 1
    var headers: [CustomHeader] = []
    while !input.rest.isEmpty {
      headers.append(CustomHeader(name: input.text(), value: input.text()))
    }
    if let name = headers.first?.name, let header = try? SignatureHeaderName(name) {
      promise(header.text == name && isToken(name), "the name of a header is a token")
    }
    do throws(WebhookHeadersError) {
      let accepted = try WebhookHeaders(
        headers, daemonSetsAuthorization: signsItself, signatureHeader: "X-Signature")
      promise(accepted.headers == headers, "headers are sent as they are")
    } catch {
      promise(!error.description.isEmpty, "a refusal says why")
      return
    }
    let names = headers.map { $0.name.lowercased() }
    promise(Set(names).count == names.count, "every name is there once")
    for (header, name) in zip(headers, names) {
      promise(isToken(header.name), "a name is a token: \(header.name)")
      promise(
        header.value.utf8.allSatisfy { $0 == 9 || (0x20...0x7E).contains($0) },
        "a value ends no line")
      promise(
        !name.hasPrefix("webhook-") && !name.hasPrefix("proxy-")
          && !["host", "content-length", "transfer-encoding", "connection", "x-signature"].contains(
            name)
          && !(signsItself && name == "authorization"),
        "what the request needs is not replaced: \(name)")
    }
  }

  private static func isToken(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy {
        (0x21...0x7E).contains($0) && !"\"(),/:;<=>?@[\\]{}".utf8.contains($0)
      }
  }

  private static func retryAfter(_ input: inout FuzzInput) {
    let now = Int64(input.word()) << 16 | Int64(input.word())
    let text = input.text()
    let wait = RetryAfter.parse(text, nowUnixSeconds: now)
    promise(
      RetryAfter.parse("  \(text)\t", nowUnixSeconds: now) == wait, "blanks around it do not count")
    for extreme in [Int64.min, .max] {
      if let wait = RetryAfter.parse(text, nowUnixSeconds: extreme) {
        promise(wait >= .zero && wait <= RetryAfter.longest, "a wait is bounded at any time")
      }
    }
    if !text.isEmpty, text.utf8.count <= 18, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
      let seconds = Int64(text) ?? 0
      promise(wait == min(.seconds(seconds), RetryAfter.longest), "whole seconds are read")
    }
    guard let wait else { return }
    promise(wait >= .zero && wait <= RetryAfter.longest, "a wait is bounded: \(wait)")
  }

  private static func events(_ input: inout FuzzInput) {
    let name = try? EventTypeName(input.text())
    let subscription = try? EventSubscription(input.text())
    if let name {
      let covering = promised("what covers a name are subscriptions, if short enough") {
        try name.coveringSubscriptions.filter { $0.utf8.count <= 128 }.map {
          try EventSubscription($0)
        }
      }
      promise(covering.allSatisfy { $0.matches(name) }, "what covers a name matches it")
      if let subscription {
        promise(
          subscription.matches(name) == name.coveringSubscriptions.contains(subscription.text),
          "\(subscription) matches \(name) when it is in the list")
      }
    }
    if let subscription {
      promise(
        promised("it is read again") { try EventSubscription(subscription.text) } == subscription,
        "a subscription survives being written")
    }
  }
}
