internal import CCurl
internal import Reactor

extension Transfer {
  /// Who is talked to, for people.
  var peerText: String {
    guard let address else { return request.url.host }
    return request.url.literal == nil ? "\(request.url.host) (\(address.text))" : address.text
  }

  /// What happened, for people.
  func message(for cause: FailureCause, _ code: CURLcode, _ easy: CurlEasy) -> String {
    switch cause {
    case .connectRefused: "\(peerText) refused the connection"
    case .connectTimeout: "\(peerText) did not answer in time"
    case .connectFailed:
      "\(peerText) cannot be reached: \(SystemError(errno: easy.systemError, operation: "connect"))"
    case .tlsFailed: "no secure connection with \(peerText): \(easy.message(for: code))"
    case .sendFailed: "the connection broke while the request was sent"
    case .connectionLost: "the connection was closed before the response was complete"
    case .protocolError: "the response is not HTTP as it should be"
    default: easy.message(for: code)
    }
  }
}
