package import NetworkAddress

/// Where a request goes: read once, by the only parser there is, and used as it was read.
///
/// What other readers could take for something else is refused rather than repaired: user info,
/// fragments, backslashes, hosts that some resolver reads as a number (`127.1`, `0x7f.1`), names
/// that are not ASCII. libcurl is only given ``origin``, and ``target`` word by word.
package struct OutboundURL: Sendable, Hashable {
  /// Longest URL, in bytes.
  package static let maxBytes = 2048

  package enum Scheme: String, Sendable {
    case http, https

    package var defaultPort: UInt16 {
      switch self {
      case .http: 80
      case .https: 443
      }
    }
  }

  package let scheme: Scheme
  /// A DNS name in lower case, a dotted quad, or an IPv6 address in brackets.
  package let host: String
  package let port: UInt16
  /// Path and query as they were given, at least `/`.
  package let target: String
  /// The address that ``host`` is, unless it is a name.
  package let literal: IPAddress?
  /// Scheme, host and port, the port always said: `https://example.com:443`.
  package let origin: String

  /// - Throws: ``OutboundURLError``, whose description can follow "webhook_url ".
  package init(
    _ text: String, rules: OutboundURLRules = OutboundURLRules()
  ) throws(OutboundURLError) {
    let bytes = Array(text.utf8)
    guard !bytes.isEmpty else { throw .empty }
    guard bytes.count <= Self.maxBytes else { throw .tooLong }
    guard bytes.allSatisfy({ $0 < 0x80 }) else { throw .notASCII }
    guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }) else {
      throw .forbiddenCharacter
    }
    let (scheme, rest) = try Self.scheme(of: bytes, rules)
    let end = rest.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
    guard !rest.contains(UInt8(ascii: "#")) else { throw .fragment }
    let authority = rest[..<end]
    guard !authority.contains(UInt8(ascii: "@")) else { throw .userInfo }
    let (host, port) = try Self.split(authority)
    (self.host, literal) = try OutboundHost.read(host)
    self.scheme = scheme
    self.port = try Self.port(port, scheme, rules)
    target = try Self.target(rest[end...])
    origin = "\(scheme.rawValue)://\(self.host):\(self.port)"
  }

  // MARK: Reading

  private static func scheme(
    of bytes: [UInt8], _ rules: OutboundURLRules
  ) throws(OutboundURLError) -> (Scheme, ArraySlice<UInt8>) {
    let start = bytes.prefix(8).map(ASCII.lowercased)
    if start == Array("https://".utf8) { return (.https, bytes.dropFirst(8)) }
    guard rules.allowsHTTP else { throw .notHTTPS }
    guard start.prefix(7) == Array("http://".utf8)[...] else { throw .notHTTP }
    return (.http, bytes.dropFirst(7))
  }

  /// The host, with its brackets, and what stands behind the colon, if there is one.
  private static func split(
    _ authority: ArraySlice<UInt8>
  ) throws(OutboundURLError) -> (ArraySlice<UInt8>, ArraySlice<UInt8>?) {
    let colon = UInt8(ascii: ":")
    var end = authority.firstIndex(of: colon) ?? authority.endIndex
    if authority.first == UInt8(ascii: "[") {
      guard let bracket = authority.firstIndex(of: UInt8(ascii: "]")) else {
        throw .invalidIPv6
      }
      end = bracket + 1
      guard end == authority.endIndex || authority[end] == colon else { throw .invalidIPv6 }
    } else if authority.count(where: { $0 == colon }) > 1 {
      throw .invalidIPv6
    }
    guard end > authority.startIndex else { throw .noHost }
    return (authority[..<end], end == authority.endIndex ? nil : authority[(end + 1)...])
  }

  private static func port(
    _ digits: ArraySlice<UInt8>?, _ scheme: Scheme, _ rules: OutboundURLRules
  ) throws(OutboundURLError) -> UInt16 {
    guard let digits else { return try allowed(scheme.defaultPort, rules) }
    guard (1...5).contains(digits.count), digits.first != UInt8(ascii: "0"),
      digits.allSatisfy(ASCII.isDigit)
    else { throw .invalidPort }
    let value = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    guard let port = UInt16(exactly: value) else { throw .invalidPort }
    return try allowed(port, rules)
  }

  private static func allowed(
    _ port: UInt16, _ rules: OutboundURLRules
  ) throws(OutboundURLError) -> UInt16 {
    guard rules.ports.contains(where: { $0.contains(port) }) else { throw .portNotAllowed(port) }
    return port
  }

  /// Path and query, which RFC 3986 §3.3 and §3.4 spell.
  private static func target(_ bytes: ArraySlice<UInt8>) throws(OutboundURLError) -> String {
    var index = bytes.startIndex
    var isQuery = false
    while index < bytes.endIndex {
      switch bytes[index] {
      case UInt8(ascii: "%"):
        guard bytes[index...].prefix(3).dropFirst().count(where: ASCII.isHexDigit) == 2 else {
          throw .invalidEscape
        }
        index += 3
        continue
      case UInt8(ascii: "?"): isQuery = true
      case UInt8(ascii: "/"): break
      default: guard ASCII.isPathCharacter(bytes[index]) else { throw .invalidPath(isQuery) }
      }
      index += 1
    }
    let text = String(decoding: bytes, as: UTF8.self)
    return bytes.first == UInt8(ascii: "/") ? text : "/" + text
  }
}

extension OutboundURL: CustomStringConvertible {
  /// The canonical text: lower-case scheme and host, no default port, a path.
  package var description: String {
    let authority = port == scheme.defaultPort ? host : "\(host):\(port)"
    return "\(scheme.rawValue)://\(authority)\(target)"
  }
}
