/// An event to publish, checked.
package struct NewEvent: Sendable, Hashable {
  package let id: EventID
  package let type: String
  /// JSON, 1 byte to 256 KiB.
  package let data: [UInt8]
  /// Nil: not idempotent.
  package let idempotencyKey: String?

  /// Most bytes of a payload.
  package static let maxDataBytes = 262_144

  package init(id: EventID, type: String, data: [UInt8], idempotencyKey: String?) {
    self.id = id
    self.type = type
    self.data = data
    self.idempotencyKey = idempotencyKey
  }
}

/// What became of an event that was published: it is committed.
struct PublishedEvent: Sendable, Hashable {
  let id: EventID
  let publishedAt: UnixTime
  /// To whom it is owed. Empty for a duplicate.
  let webhooks: [WebhookID]
  /// It had been published before, under the same key.
  let isDuplicate: Bool
}
