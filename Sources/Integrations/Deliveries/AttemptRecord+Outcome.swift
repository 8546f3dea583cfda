internal import DeliveryRules
internal import IntegrationAPI
internal import OutboundHTTP

extension AttemptRecord {
  /// What the log says of a request that was sent, or could not be.
  init(_ result: OutboundResult, requestHeaders: String) {
    self.requestHeaders = requestHeaders
    switch result {
    case .success(let response):
      keep(response.timings)
      statusCode = Int32(clamping: response.status)
      responseHeaders =
        response.headers.map { "\($0.name): \($0.value)" }
        .joined(separator: "\n").storable
      responseBody = response.body
      isTruncated = response.isBodyTruncated
      peer = "\(response.peer)"
      if !(200...299).contains(response.status) {
        cause = .status
        errorMessage = "the receiver answered \(response.status)"
      }
    case .failure(let failure):
      keep(failure.timings)
      cause = AttemptCause(failure.cause)
      errorMessage = failure.message.storable
      peer = failure.peer.map { "\($0)" } ?? ""
    }
  }

  private mutating func keep(_ timings: OutboundTimings) {
    time = timings.total
    resolve = timings.resolve
    connect = timings.connect
    tls = timings.tls
    firstByte = timings.firstByte
  }
}

extension AttemptCause {
  init(_ cause: FailureCause) {
    switch cause {
    case .invalidRequest: self = .invalidRequest
    case .nameNotFound: self = .nameNotFound
    case .forbiddenAddress: self = .forbiddenAddress
    case .connectRefused, .connectFailed: self = .connect
    case .tlsFailed(.timeout), .connectTimeout, .firstByteTimeout, .totalTimeout: self = .timeout
    case .tlsFailed: self = .tls
    case .sendFailed, .connectionLost, .staleConnection: self = .connectionLost
    case .responseTooLarge, .protocolError: self = .invalidResponse
    case .resolverUnavailable, .cancelled, .overloaded, .localResource: self = .ownFault
    }
  }
}

extension AttemptOutcome {
  /// What the retry policy is asked about.
  init(_ result: OutboundResult, now: UnixTime) {
    switch result {
    case .success(let response):
      self = .response(
        status: response.status,
        retryAfter: response.header("retry-after").flatMap {
          RetryAfter.parse($0, nowUnixSeconds: now.microseconds / 1_000_000)
        })
    case .failure(let failure):
      switch failure.cause {
      case .invalidRequest, .forbiddenAddress: self = .permanentFailure(.theirs)
      default: self = .failure(failure.cause.isOurs ? .ours : .theirs)
      }
    }
  }
}

extension String {
  /// PostgreSQL has no text with a NUL.
  fileprivate var storable: String {
    utf8.contains(0)
      ? String(
        unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }.reduce(into: "") {
          $0.unicodeScalars.append($1)
        }) : self
  }
}
