package import NetworkAddress

/// Why a request failed, and by that whose fault it is.
package enum FailureCause: Sendable, Hashable {
  /// The request cannot be sent as it is. The caller's.
  case invalidRequest
  /// There is no such name, or it has no address. Theirs.
  case nameNotFound
  /// The name servers did not answer, or too many names are being looked up. Ours.
  case resolverUnavailable
  /// The host is at an address that must not be dialled. Theirs.
  case forbiddenAddress(IPAddress, AddressVerdict)
  /// Nobody listens. Theirs.
  case connectRefused
  /// Nobody answers. Theirs.
  case connectTimeout
  /// There is no way there. Theirs.
  case connectFailed
  /// No secure connection came about. Theirs.
  case tlsFailed(TLSProblem)
  /// The connection broke while the request was sent. Theirs.
  case sendFailed
  /// The connection was reset or closed before the response was complete. Theirs.
  case connectionLost
  /// A connection that was kept from a request before was closed before a byte of the response came:
  /// most likely the other side had just given it up (RFC 9112 §9.3.1), and the request may be sent
  /// again on a new one. Nobody's.
  case staleConnection
  /// The response did not begin in time. Theirs.
  case firstByteTimeout
  /// The response was not complete in time. Theirs.
  case totalTimeout
  /// The response's header is beyond ``ResponseLimits/headerBytes``. Theirs.
  case responseTooLarge
  /// What came is not HTTP as we speak it. Theirs.
  case protocolError
  /// The task was cancelled, or the client closed. Ours.
  case cancelled
  /// ``OutboundLimits/maxInFlight`` requests are under way. Ours.
  case overloaded
  /// This host is out of descriptors, ports or memory, or libcurl does not work here. Ours.
  case localResource

  /// Whether the failure says nothing about the other side.
  package var isOurs: Bool {
    switch self {
    case .resolverUnavailable, .cancelled, .overloaded, .localResource: true
    case .invalidRequest, .nameNotFound, .forbiddenAddress, .connectRefused, .connectTimeout,
      .connectFailed, .tlsFailed, .sendFailed, .connectionLost, .staleConnection,
      .firstByteTimeout, .totalTimeout,
      .responseTooLarge, .protocolError:
      false
    }
  }

  /// A word for logs and tables, which does not change.
  package var name: String {
    switch self {
    case .invalidRequest: "invalid_request"
    case .nameNotFound: "name_not_found"
    case .resolverUnavailable: "resolver_unavailable"
    case .forbiddenAddress: "forbidden_address"
    case .connectRefused: "connect_refused"
    case .connectTimeout: "connect_timeout"
    case .connectFailed: "connect_failed"
    case .tlsFailed(let problem): "tls_\(problem.rawValue)"
    case .sendFailed: "send_failed"
    case .connectionLost: "connection_lost"
    case .staleConnection: "stale_connection"
    case .firstByteTimeout: "first_byte_timeout"
    case .totalTimeout: "total_timeout"
    case .responseTooLarge: "response_too_large"
    case .protocolError: "protocol_error"
    case .cancelled: "cancelled"
    case .overloaded: "overloaded"
    case .localResource: "local_resource"
    }
  }
}

/// What was wrong with a TLS handshake.
package enum TLSProblem: String, Sendable, CaseIterable {
  case certificateExpired = "certificate_expired"
  case certificateNotYetValid = "certificate_not_yet_valid"
  /// Self-signed, or signed by nobody whom this host trusts, or revoked.
  case certificateUntrusted = "certificate_untrusted"
  /// The certificate is another host's.
  case hostMismatch = "host_mismatch"
  case timeout = "timeout"
  /// The rest: the other side broke off, or speaks no version or cipher of ours.
  case handshake = "handshake_failed"
}
