package import NetworkAddress

/// How a request came out: a response, whatever its status, or a failure.
package typealias OutboundResult = Result<OutboundResponse, OutboundFailure>

/// A response. Redirects are responses like any other.
package struct OutboundResponse: Sendable {
  package let status: Int
  /// In the order in which they came. What is not UTF-8 was repaired.
  package let headers: [ResponseHeader]
  /// The body's beginning, as it came: never decompressed.
  package let body: [UInt8]
  /// Whether ``body`` is not all there was, or would have been.
  package let isBodyTruncated: Bool
  package let peer: IPAddress
  package let version: HTTPVersion
  package let timings: OutboundTimings
  /// Whether the connection had served a request before.
  package let didReuseConnection: Bool

  /// The value of the first field of this name, whatever its case.
  package func header(_ name: String) -> String? {
    headers.first { $0.name.count == name.count && $0.name.lowercased() == name.lowercased() }?
      .value
  }
}

/// One header field of a response.
package struct ResponseHeader: Sendable, Hashable {
  package let name: String
  package let value: String

  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

package enum HTTPVersion: String, Sendable {
  case http1_0 = "HTTP/1.0"
  case http1_1 = "HTTP/1.1"
  case http2 = "HTTP/2"
}
