/// Why a text is no ``OutboundURL``. The description follows the name of a field.
package enum OutboundURLError: Error, Sendable, Hashable {
  case empty, tooLong, notASCII, forbiddenCharacter
  case notHTTPS, notHTTP, fragment, userInfo
  case noHost, invalidName, trailingDot, numericHost, invalidIPv6
  case invalidPort
  case portNotAllowed(UInt16)
  case invalidEscape
  case invalidPath(_ isQuery: Bool)
}

extension OutboundURLError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .empty: "must not be empty"
    case .tooLong: "must not be longer than \(OutboundURL.maxBytes) bytes"
    case .notASCII: "must be ASCII; write an international host name in punycode (xn--...)"
    case .forbiddenCharacter: "must not contain spaces, control characters or backslashes"
    case .notHTTPS: "must begin with https://"
    case .notHTTP: "must begin with https:// or http://"
    case .fragment: "must not have a fragment (#...)"
    case .userInfo: "must not contain a user name, a password or an @ before the path"
    case .noHost: "must name a host"
    case .invalidName:
      "must name a host of letters, digits, hyphens and dots, with at most 63 in a label"
    case .trailingDot: "must name a host without a dot at the end"
    case .numericHost:
      "must write an IPv4 address as four decimal numbers of 0 to 255 without leading zeros"
    case .invalidIPv6:
      "must write an IPv6 address in brackets, in its canonical form (RFC 5952), without zone id"
    case .invalidPort: "must have a port of 1 to 65535, without leading zeros, or no colon"
    case .portNotAllowed(let port): "must not use port \(port)"
    case .invalidEscape: "must have two hexadecimal digits behind every %"
    case .invalidPath(let isQuery):
      "must percent-encode what RFC 3986 does not allow in a \(isQuery ? "query" : "path")"
    }
  }
}
