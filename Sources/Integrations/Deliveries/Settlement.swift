internal import IntegrationAPI

/// How an attempt ended: what the delivery becomes, and what the log says of it.
struct Settlement: Sendable {
  /// What becomes of the delivery.
  enum End: Sendable, Hashable {
    case succeeded
    case failed(String)
    /// Due again after so long.
    case pending(after: Duration, spendsBudget: Bool)
  }

  let delivery: ClaimedDelivery
  var end: End
  var record = AttemptRecord()
  /// Why the webhook is to be disabled. Nil: it is not.
  var disables: String?

  var settled: SettledAttempt { SettledAttempt(delivery: delivery.id, attempt: delivery.attempt) }
}

/// An attempt whose settlement counted. A delivery may have two in one batch, of which one does.
struct SettledAttempt: Sendable, Hashable {
  let delivery: DeliveryID
  let attempt: Int32
}

/// What the log keeps of an attempt's request and response.
struct AttemptRecord: Sendable, Hashable {
  var cause = AttemptCause.unspecified
  /// For people. Holds no secret.
  var errorMessage = ""
  /// 0: there was no response.
  var statusCode: Int32 = 0
  var time = Duration.zero
  /// As `name: value` lines, credentials masked.
  var requestHeaders = ""
  var responseHeaders = ""
  /// At most 16 KiB.
  var responseBody: [UInt8] = []
  var isTruncated = false
  /// Empty: it got to none.
  var peer = ""
  var resolve: Duration?
  var connect: Duration?
  var tls: Duration?
  var firstByte: Duration?

  /// The same without anything a receiver wrote.
  var withoutResponse: AttemptRecord {
    var record = self
    record.responseHeaders = ""
    record.responseBody = []
    record.isTruncated = true
    return record
  }
}
