internal import CCurl

/// What libcurl knows about the transfer so far.
extension CurlEasy {
  /// 0 before there is one.
  var status: Int { unsafe ccurl_get_long(raw, CURLINFO_RESPONSE_CODE) }

  var didReuseConnection: Bool { unsafe ccurl_get_long(raw, CURLINFO_NUM_CONNECTS) == 0 }

  var version: HTTPVersion {
    switch unsafe ccurl_get_long(raw, CURLINFO_HTTP_VERSION) {
    case CURL_HTTP_VERSION_1_0: .http1_0
    case CURL_HTTP_VERSION_2_0: .http2
    default: .http1_1
    }
  }

  /// The `errno` of the last system call that failed, or 0.
  var systemError: Int32 {
    Int32(truncatingIfNeeded: unsafe ccurl_get_long(raw, CURLINFO_OS_ERRNO))
  }

  /// What OpenSSL said of the other side's certificate; 0 is no objection.
  var certificateError: Int { unsafe ccurl_get_long(raw, CURLINFO_SSL_VERIFYRESULT) }

  /// libcurl's words for a failure. They name the host, never the path or a header.
  func message(for code: CURLcode) -> String {
    let text = unsafe String(cString: errorText)
    guard text.isEmpty else { return text }
    return unsafe "\(String(cString: curl_easy_strerror(code))) (libcurl \(code.rawValue))"
  }

  /// Whether a byte of the response has come.
  var didResponseBegin: Bool { unsafe ccurl_get_large(raw, CURLINFO_STARTTRANSFER_TIME_T) > 0 }
}
