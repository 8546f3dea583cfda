internal import DeliveryRules
internal import IntegrationAPI
internal import JSONSchema
internal import NetworkAddress
internal import OutboundHTTP
internal import ProtobufC

extension RequestCheck {
  private static let maxTestPayloadBytes = 262_144

  /// A webhook's id.
  mutating func webhook(_ text: String) -> WebhookID { WebhookID(uuid(text, "webhook_id")) }

  /// Where a webhook may be told to deliver: what ``OutboundURL`` reads; where the host is an address,
  /// one that may be dialled. What a name stands for changes, so it is looked at when it is dialled.
  mutating func webhookURL(
    _ text: String, _ field: String, _ outbound: OutboundSettings
  ) -> String {
    do throws(OutboundURLError) {
      let url = try OutboundURL(
        text, rules: OutboundURLRules(allowsHTTP: outbound.allowsHTTP))
      if let address = url.literal {
        let verdict = outbound.addresses.verdict(on: address)
        if !verdict.isAllowed {
          refuse(field, "must not lead to the address \(address), which is \(verdict)")
        }
      }
    } catch {
      refuse(field, "\(error)")
    }
    return text
  }

  /// 1 to 100 subscriptions.
  mutating func subscriptions(_ texts: [String], _ field: String) -> [String] {
    guard !texts.isEmpty else {
      refuse(field, "is missing")
      return []
    }
    guard texts.count <= 100 else {
      refuse(field, "must hold at most 100 entries, not \(texts.count)")
      return []
    }
    for (index, text) in texts.enumerated() {
      do throws(EventNameError) {
        _ = try EventSubscription(text)
      } catch {
        refuse("\(field)[\(index)]", "\(error)")
      }
    }
    return texts
  }

  /// An event type's name. Nil: refused.
  mutating func eventTypeName(_ text: String, _ field: String) -> EventTypeName? {
    guard !text.isEmpty else {
      refuse(field, "is missing")
      return nil
    }
    do throws(EventNameError) {
      return try EventTypeName(text)
    } catch {
      refuse(field, "\(error)")
      return nil
    }
  }

  /// `POST`, `PUT` or `PATCH`. Empty: `POST`.
  mutating func webhookMethod(_ text: String, _ field: String) -> String {
    guard !text.isEmpty else { return "POST" }
    if !["POST", "PUT", "PATCH"].contains(where: { $0.utf8.elementsEqual(text.utf8) }) {
      refuse(field, "must be POST, PUT or PATCH")
    }
    return text
  }

  /// A span of time within `range`, cut to milliseconds. Absent: `standard`.
  mutating func milliseconds(
    _ duration: ProtoDuration?, _ field: String, _ range: ClosedRange<Duration>,
    named name: String, standard: Int64
  ) -> Int64 {
    guard let duration else { return standard }
    // google/protobuf/duration.proto; all ranges here are of positive times.
    let isDuration =
      (0...999_999_999).contains(duration.nanos) && (0...315_576_000_000).contains(duration.seconds)
    guard isDuration,
      range.contains(.seconds(duration.seconds) + .nanoseconds(Int64(duration.nanos)))
    else {
      refuse(field, "must be from \(name)")
      return standard
    }
    return duration.seconds * 1000 + Int64(duration.nanos / 1_000_000)
  }

  /// How long one attempt may take, in milliseconds.
  mutating func webhookTimeout(_ duration: ProtoDuration?, _ field: String) -> Int64 {
    milliseconds(
      duration, field, .seconds(1) ... .seconds(30), named: "1 to 30 seconds", standard: 15_000)
  }

  /// A JSON text for a test; empty: a small object that says what it is.
  mutating func testPayload(_ bytes: [UInt8], _ field: String) -> [UInt8] {
    guard !bytes.isEmpty else { return Array(#"{"test":true}"#.utf8) }
    size(bytes.count, field, atMost: Self.maxTestPayloadBytes)
    guard bytes.count <= Self.maxTestPayloadBytes else { return [] }
    do throws(JSONError) {
      try JSONDocument.check(bytes)
    } catch {
      refuse(field, error.sentence)
    }
    return bytes
  }
}
