import IntegrationClient

/// Why a line of a stream is not sent.
struct EventLineError: Error, CustomStringConvertible {
  let description: String
}

/// A line of `events publish --stream`.
enum EventLine {
  /// Four times the largest payload.
  static let maxBytes = 1 << 20

  /// The request that a line stands for; nil for a blank line. The payload is sent as it was
  /// written, byte for byte.
  static func request(
    _ line: InputLine, tenant: String
  ) throws(EventLineError) -> PublishEventRequest? {
    guard case .bytes(let bytes) = line else {
      throw EventLineError(description: "the line has more than \(maxBytes) bytes")
    }
    guard bytes.contains(where: { !JSONMembers.isBlank($0) }) else { return nil }
    guard let object = JSONMembers(bytes) else {
      throw EventLineError(description: "the line is no JSON object")
    }
    var request = PublishEventRequest(tenantId: tenant)
    var seen: Set<String> = []
    for (name, value) in object.members {
      guard seen.insert(name).inserted else {
        throw EventLineError(description: "\(name): is there twice")
      }
      switch name {
      case "eventType": request.eventType = try text(value, name)
      case "idempotencyKey": request.idempotencyKey = try text(value, name)
      case "eventData": request.eventData = Array(value)
      default:
        throw EventLineError(
          description: "\(name): is none of eventType, eventData, idempotencyKey")
      }
    }
    guard seen.contains("eventType"), seen.contains("eventData") else {
      throw EventLineError(description: "eventType and eventData must be there")
    }
    return request
  }

  private static func text(
    _ value: ArraySlice<UInt8>, _ name: String
  ) throws(EventLineError) -> String {
    guard let text = JSONMembers.text(value) else {
      throw EventLineError(description: "\(name): must be a text")
    }
    // The wire ends a text there.
    guard !text.utf8.contains(0) else {
      throw EventLineError(description: "\(name): must not hold NUL")
    }
    return text
  }
}
