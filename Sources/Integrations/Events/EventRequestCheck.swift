internal import DeliveryRules
internal import FoundationEssentials
internal import IntegrationAPI
internal import JSONSchema
internal import ProtobufC
internal import TTRPC

extension RequestCheck {
  /// The type of an event.
  mutating func eventType(_ text: String, _ field: String) -> String {
    if text.isEmpty {
      refuse(field, "is missing")
      return text
    }
    do throws(EventNameError) {
      _ = try EventTypeName(text)
    } catch {
      refuse(field, "\(error)")
    }
    return text
  }

  /// A payload: JSON of 1 byte to 256 KiB.
  mutating func eventData(_ data: [UInt8], _ field: String) -> [UInt8] {
    if data.isEmpty {
      refuse(field, "is missing")
    } else if data.count > NewEvent.maxDataBytes {
      refuse(field, "must be at most \(NewEvent.maxDataBytes) bytes long, not \(data.count)")
    } else {
      do throws(JSONError) {
        try JSONDocument.check(data)
      } catch {
        refuse(field, error.sentence)
      }
    }
    return data
  }

  /// An event to publish.
  mutating func event(_ request: PublishEventRequest, in place: String = "") -> NewEvent {
    let type = eventType(request.eventType, "\(place)event_type")
    if type.utf8.elementsEqual(WebhookTest.eventType.utf8) {
      refuse("\(place)event_type", "is the daemon's own")
    }
    let data = eventData(request.eventData, "\(place)event_data")
    if !request.idempotencyKey.isEmpty, IdempotencyKey(request.idempotencyKey) == nil {
      refuse("\(place)idempotency_key", "must be 1 to 255 visible ASCII characters")
    }
    return NewEvent(
      id: EventID(UUID()), type: type, data: data,
      idempotencyKey: request.idempotencyKey.isEmpty ? nil : request.idempotencyKey)
  }

  /// Several events of one tenant.
  mutating func events(_ request: PublishEventsRequest) -> [NewEvent] {
    guard (1...EventsService.maxBatch).contains(request.events.count) else {
      refuse(
        "events",
        "must hold 1 to \(EventsService.maxBatch) events, not \(request.events.count)")
      return []
    }
    let bytes = request.events.reduce(0) { $0 + $1.eventData.count }
    guard bytes <= EventsService.maxBatchBytes else {
      refuse(
        "events",
        "must hold payloads of at most \(EventsService.maxBatchBytes) bytes together, not \(bytes)")
      return []
    }
    return request.events.enumerated().map { index, event in
      // By bytes: a text of accents takes a millisecond to compare as text, and here a thousand times.
      if !event.tenantId.isEmpty, !event.tenantId.utf8.elementsEqual(request.tenantId.utf8) {
        refuse("events[\(index)].tenant_id", "must be empty or the same as tenant_id")
      }
      return self.event(event, in: "events[\(index)].")
    }
  }
}

extension ServiceError {
  /// The same error about fields inside of `field`.
  func inField(_ field: String) -> ServiceError {
    let details = details.map { detail -> StatusDetail in
      guard case .badRequest(let violations) = detail else { return detail }
      return StatusDetail.badRequest(
        violations.map { violation in
          FieldViolation(
            field: "\(field).\(violation.field)", description: violation.description)
        })
    }
    return ServiceError(code, "\(field).\(message)", details: details, cause: cause)
  }
}
