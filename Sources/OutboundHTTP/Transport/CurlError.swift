internal import CCurl
internal import Glibc

/// An error of libcurl's, with what else it knows, made into a cause.
package struct CurlError: Sendable, Hashable {
  /// A `CURLcode`, see libcurl-errors(3).
  package let code: UInt32
  /// The `errno` of the last system call that failed, or 0.
  package let systemError: Int32
  /// What OpenSSL said of the certificate (`X509_V_ERR_...`); 0 is no objection.
  package let certificateError: Int
  /// Whether the request had been sent, or was about to be.
  package let isInExchange: Bool

  package init(
    code: UInt32, systemError: Int32 = 0, certificateError: Int = 0, isInExchange: Bool = false
  ) {
    self.isInExchange = isInExchange
    self.code = code
    self.systemError = systemError
    self.certificateError = certificateError
  }

  /// The rest of the codes mean that something is wrong with libcurl or its use, and that is ours,
  /// unless the other side was being listened to: libcurl has more codes for a strange response than
  /// are written down.
  package var cause: FailureCause {
    switch CURLcode(rawValue: code) {
    case CURLE_COULDNT_CONNECT: connectCause
    case CURLE_OPERATION_TIMEDOUT: .connectTimeout
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
      .tlsFailed(certificateProblem)
    case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      .tlsFailed(.handshake)
    case CURLE_SEND_ERROR: .sendFailed
    case CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE: .connectionLost
    case CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2, CURLE_HTTP2_STREAM: .protocolError
    // What libcurl also says of a line of a response's header that is longer than it takes (100 KiB).
    case CURLE_OUT_OF_MEMORY: isInExchange ? .responseTooLarge : .localResource
    default: isInExchange ? .protocolError : .localResource
    }
  }

  /// Whether another address of the same host may do better.
  package var isWorthAnotherAddress: Bool {
    guard CURLcode(rawValue: code) == CURLE_COULDNT_CONNECT else { return false }
    return connectCause != .localResource
  }

  private var connectCause: FailureCause {
    switch systemError {
    case ECONNREFUSED: .connectRefused
    case ETIMEDOUT: .connectTimeout
    // The last but one: no port of ours is left to connect from.
    case EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EADDRINUSE: .localResource
    default: .connectFailed
    }
  }

  /// The host's name is compared by libcurl, which leaves OpenSSL's word as it was: 0, or 1 before
  /// there is one.
  private var certificateProblem: TLSProblem {
    switch certificateError {
    case 0, 1, 62: .hostMismatch  // X509_V_ERR_HOSTNAME_MISMATCH
    case 9: .certificateNotYetValid  // X509_V_ERR_CERT_NOT_YET_VALID
    case 10: .certificateExpired  // X509_V_ERR_CERT_HAS_EXPIRED
    default: .certificateUntrusted
    }
  }
}
