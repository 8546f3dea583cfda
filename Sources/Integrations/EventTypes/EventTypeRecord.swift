package import IntegrationAPI
internal import ProtobufC

/// A type of the catalogue as stored.
struct EventTypeRecord: Hashable, Sendable {
  var tenant: TenantID
  var name: String
  var description: String
  /// Byte for byte. Nil where there is none, and where it was not asked for.
  var schema: [UInt8]?
  var hasSchema: Bool
  var isArchived: Bool
  var createdAt: UnixTime
  var updatedAt: UnixTime

  /// As callers see it.
  var message: EventType {
    var type = EventType()
    type.tenantId = tenant.description
    type.eventType = name
    type.description = description
    type.schema = schema ?? []
    type.hasSchema = hasSchema
    type.isArchived = isArchived
    type.createdAt = createdAt.timestamp
    type.updatedAt = updatedAt.timestamp
    return type
  }
}

/// What an update sets; nil leaves it.
struct EventTypeChange: Hashable, Sendable {
  var description: String?
  /// Empty: none.
  var schema: [UInt8]?
  var isArchived: Bool?
}

extension CreateEventTypeRequest: IdempotentRequest {}
extension UpdateEventTypeRequest: IdempotentRequest {}
extension DeleteEventTypeRequest: IdempotentRequest {}

extension ServiceError {
  /// There is no such type in the tenant's catalogue.
  static func noEventType(_ name: String) -> ServiceError { notFound("event_type", name) }
}
