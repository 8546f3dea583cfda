/// What one attempt sends: the identity that stays the same over retries, the time of the attempt,
/// and the body, byte for byte.
package struct WebhookMessage: Sendable, Hashable {
  /// Bytes of an id.
  package static let idLengths = 1...255
  /// Whole seconds of Unix time, up to the year 9999.
  package static let timestamps: ClosedRange<Int64> = 0...253_402_300_799

  /// Of the message, not of the attempt: receivers recognise a repetition by it.
  package let id: String
  /// Of the attempt, in whole seconds.
  package let timestampUnixSeconds: Int64
  package let body: [UInt8]

  /// - Throws: ``WebhookMessageError``.
  package init(
    id: String, timestampUnixSeconds: Int64, body: [UInt8]
  ) throws(WebhookMessageError) {
    guard Self.isID(id) else { throw .id }
    guard Self.timestamps.contains(timestampUnixSeconds) else { throw .timestamp }
    self.id = id
    self.timestampUnixSeconds = timestampUnixSeconds
    self.body = body
  }

  /// `webhook-id` and `webhook-timestamp`, which every request carries, signed or not, so that its
  /// receiver can tell repetitions and stale requests.
  package var identity: [SignatureHeader] {
    [
      SignatureHeader(name: SignatureHeader.id, value: id),
      SignatureHeader(name: SignatureHeader.timestamp, value: "\(timestampUnixSeconds)"),
    ]
  }

  /// Whether `text` is 1 to 255 bytes of visible ASCII without dots. A dot would let the parts of
  /// the signed content `id.timestamp.body` be shifted against each other.
  package static func isID(_ text: String) -> Bool {
    idLengths.contains(text.utf8.count)
      && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ".") }
  }
}

/// Why there is no such message. The description can follow the name of a field.
package enum WebhookMessageError: Error, Sendable, Hashable, CustomStringConvertible {
  case id, timestamp

  package var description: String {
    switch self {
    case .id:
      "must be \(WebhookMessage.idLengths.lowerBound) to \(WebhookMessage.idLengths.upperBound) "
        + "visible ASCII characters without dots"
    case .timestamp: "must be a Unix time in seconds, of the years 1970 to 9999"
    }
  }
}
