/// One header field of a request. There is none that would break the request's framing: line
/// breaks and NUL cannot be in it, and how the message is framed is not the caller's to say.
package struct OutboundHeader: Sendable, Hashable {
  /// Fields that belong to the client, in lower case.
  package static let reservedNames: Set<String> = [
    "host", "content-length", "transfer-encoding", "connection", "expect", "te", "trailer",
    "upgrade", "keep-alive", "proxy-connection", "http2-settings",
  ]

  package let name: String
  package let value: String

  /// - Parameters:
  ///   - name: a token (RFC 9110 §5.1).
  ///   - value: visible ASCII, spaces and tabs.
  package init(_ name: String, _ value: String) throws(OutboundHeaderError) {
    guard !name.isEmpty, name.utf8.allSatisfy(ASCII.isTokenCharacter) else {
      throw .invalidName
    }
    guard value.utf8.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0x09 }) else {
      throw .invalidValue(name: name)
    }
    guard !Self.reservedNames.contains(name.lowercased()) else { throw .reserved(name: name) }
    self.name = name
    self.value = value
  }
}

/// Why a field is no ``OutboundHeader``. Says nothing about the value, which may be a secret.
package enum OutboundHeaderError: Error, Sendable, Hashable, CustomStringConvertible {
  case invalidName
  case invalidValue(name: String)
  case reserved(name: String)

  package var description: String {
    switch self {
    case .invalidName: "the name of a header must be a token: letters, digits and -._~!#$%&'*+^`|"
    case .invalidValue(let name): "header \(name) must be of visible ASCII, spaces and tabs"
    case .reserved(let name): "header \(name) is set by the client"
    }
  }
}
