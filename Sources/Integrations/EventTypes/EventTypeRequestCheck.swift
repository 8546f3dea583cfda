internal import DeliveryRules
internal import IntegrationAPI
internal import JSONSchema
internal import ProtobufC

extension RequestCheck {
  /// The name of a type of the catalogue.
  mutating func catalogueName(_ text: String, _ field: String) -> String {
    guard !text.isEmpty else {
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

  /// A JSON Schema; empty: none.
  mutating func jsonSchema(_ bytes: [UInt8], _ field: String) -> [UInt8] {
    guard !bytes.isEmpty else { return [] }
    let limits = SchemaLimits()
    size(bytes.count, field, atMost: limits.maxBytes)
    guard bytes.count <= limits.maxBytes else { return [] }
    do throws(SchemaError) {
      _ = try JSONSchema(parsing: bytes, limits: limits)
    } catch {
      refuse(field, error.sentence)
    }
    return bytes
  }

  /// What an update sets.
  mutating func change(_ request: UpdateEventTypeRequest) -> EventTypeChange {
    let type = request.eventType ?? EventType()
    var change = EventTypeChange()
    for (index, path) in paths(of: request.updateMask) {
      switch path {
      case "description":
        change.description = lines(type.description, "event_type.description", 0...2000)
      case "schema": change.schema = jsonSchema(type.schema, "event_type.schema")
      case "is_archived": change.isArchived = type.isArchived
      default:
        refuse("update_mask.paths[\(index)]", "is not a field that can be changed")
      }
    }
    return change
  }
}
