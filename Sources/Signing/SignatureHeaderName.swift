/// The header field in which a receiver of ``SignatureProfile/bodyHex(header:)`` looks for the
/// signature.
package struct SignatureHeaderName: Sendable, Hashable {
  /// Bytes of a name.
  package static let lengths = 1...64
  /// `X-Signature`.
  package static let standard = SignatureHeaderName(unchecked: "X-Signature")

  package let text: String

  /// - Throws: ``SignatureHeaderNameError``.
  package init(_ text: String) throws(SignatureHeaderNameError) {
    guard Self.lengths.contains(text.utf8.count) else { throw .length(text.utf8.count) }
    guard text.utf8.allSatisfy(Self.isTokenByte) else { throw .notToken }
    let name = text.utf8.map(lowercased)
    guard
      !Self.reserved.contains(where: { name.elementsEqual($0.utf8) }),
      !Self.reservedPrefixes.contains(where: { name.starts(with: $0.utf8) })
    else { throw .reserved }
    self.text = text
  }

  private init(unchecked text: String) { self.text = text }

  /// What the request, its connection or its authentication needs.
  private static let reserved = [
    "accept", "accept-encoding", "authorization", "connection", "cookie", "date", "expect",
    "forwarded", "host", "http2-settings", "keep-alive", "set-cookie", "te", "trailer",
    "transfer-encoding", "upgrade", "user-agent", "via",
  ]
  private static let reservedPrefixes = ["content-", "proxy-", "webhook-"]

  /// `tchar` of RFC 9110 §5.6.2.
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}

/// Why a text names no header for a signature. The description can follow the name of a field.
package enum SignatureHeaderNameError: Error, Sendable, Hashable, CustomStringConvertible {
  case length(Int)
  case notToken, reserved

  package var description: String {
    switch self {
    case .length(let count):
      "must be \(SignatureHeaderName.lengths.lowerBound) to "
        + "\(SignatureHeaderName.lengths.upperBound) bytes long, not \(count)"
    case .notToken: "must be a header name: ASCII letters, digits and any of !#$%&'*+-.^_`|~"
    case .reserved: "must be a header name that the request does not need for something else"
    }
  }
}
