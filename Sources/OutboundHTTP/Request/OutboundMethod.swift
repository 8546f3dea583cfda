/// What a request asks for.
package enum OutboundMethod: String, Sendable, CaseIterable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case patch = "PATCH"
  case delete = "DELETE"

  /// Whether a request may carry a body; for the others it has no meaning (RFC 9110 §9.3).
  package var mayHaveBody: Bool {
    switch self {
    case .get, .head: false
    case .post, .put, .patch, .delete: true
    }
  }
}
