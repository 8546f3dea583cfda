internal import IntegrationAPI

/// A row of `integrationd.events`.
struct EventRecord: Sendable {
  let id: EventID
  let tenant: TenantID
  let type: String
  /// The payload, byte for byte; empty when it was not asked for.
  let data: [UInt8]
  let byteCount: Int64
  let idempotencyKey: String
  let createdAt: UnixTime

  /// As the contract shows it.
  var message: Event {
    Event(
      eventId: id.description, tenantId: tenant.description, eventType: type, eventData: data,
      eventDataBytes: byteCount, idempotencyKey: idempotencyKey, createdAt: createdAt.timestamp)
  }

  var cursor: PageCursor { PageCursor(unixMicroseconds: createdAt.microseconds, id: id.uuid) }
}
