internal import IntegrationAPI
internal import ProtobufC

/// A row of `integrationd.webhook_delivery_logs`.
struct LoggedAttempt: Sendable {
  let lane: WebhookLane
  let delivery: DeliveryID
  let event: EventID
  let eventType: String
  let number: Int32
  let status: AttemptStatus
  let nextRetryAt: UnixTime?
  let createdAt: UnixTime
  let endedAt: UnixTime
  let url: String
  let method: String
  let record: AttemptRecord
  /// The event's payload. Empty when it was not asked for.
  let body: [UInt8]

  /// As the contract shows it.
  var message: DeliveryAttempt {
    DeliveryAttempt(
      tenantId: lane.tenant.description, webhookId: lane.webhook.description,
      deliveryId: delivery.description, attemptNumber: number, eventId: event.description,
      eventType: eventType, deliveryStatus: status, cause: record.cause,
      errorMessage: record.errorMessage, responseStatusCode: record.statusCode,
      responseTime: ProtoDuration(record.time),
      createdAt: createdAt.timestamp, deliveredAt: endedAt.timestamp,
      nextRetryAt: nextRetryAt?.timestamp, peerAddress: record.peer, timings: timings,
      requestUrl: url, requestMethod: method,
      requestHeaders: Self.headers(record.requestHeaders), requestBody: body,
      responseHeaders: Self.headers(record.responseHeaders), responseBody: record.responseBody,
      responseTruncated: record.isTruncated)
  }

  var cursor: PageCursor {
    PageCursor(unixMicroseconds: createdAt.microseconds, id: delivery.uuid)
  }

  private var timings: AttemptTimings {
    AttemptTimings(
      resolve: record.resolve.map(ProtoDuration.init),
      connect: record.connect.map(ProtoDuration.init), tls: record.tls.map(ProtoDuration.init),
      firstByte: record.firstByte.map(ProtoDuration.init))
  }

  /// Reads `name: value` lines. A value may hold colons, a name none.
  private static func headers(_ lines: String) -> [HttpHeader] {
    lines.utf8.split(separator: UInt8(ascii: "\n")).map { line in
      let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
      let value = line[colon...].dropFirst()
      return HttpHeader(
        name: String(Substring(line[..<colon])),
        value: String(
          Substring(value.first == UInt8(ascii: " ") ? value.dropFirst() : value)))
    }
  }
}

extension AttemptStatus {
  /// As in the table. Nil: any.
  var name: String? {
    switch self {
    case .success: "success"
    case .failed: "failed"
    case .pendingRetry: "pending_retry"
    default: nil
    }
  }

  /// - Parameter name: as in the table.
  init(name: String) {
    switch name {
    case "success": self = .success
    case "failed": self = .failed
    case "pending_retry": self = .pendingRetry
    default: self = .unspecified
    }
  }

  /// Every status a row may have.
  static let all: [AttemptStatus] = [.success, .failed, .pendingRetry]
}
