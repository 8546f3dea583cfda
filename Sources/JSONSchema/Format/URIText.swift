/// `format: uri`: an absolute URI (RFC 3986 §3) with a scheme; a fragment is allowed.
enum URIText {
  static func accepts(_ text: ArraySlice<UInt8>) -> Bool {
    guard let colon = text.firstIndex(of: UInt8(ascii: ":")), isScheme(text[..<colon]) else {
      return false
    }
    var rest = text[(colon + 1)...]
    if let hash = rest.firstIndex(of: UInt8(ascii: "#")) {
      guard isMade(rest[(hash + 1)...], of: ":@/?") else { return false }
      rest = rest[..<hash]
    }
    if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
      guard isMade(rest[(mark + 1)...], of: ":@/?") else { return false }
      rest = rest[..<mark]
    }
    if rest.starts(with: "//".utf8) {
      rest = rest.dropFirst(2)
      let authority = rest.prefix { $0 != UInt8(ascii: "/") }
      guard isAuthority(authority) else { return false }
      rest = rest.dropFirst(authority.count)
    }
    return isMade(rest, of: ":@/")
  }

  /// Whether it can stand before the colon (RFC 3986 §3.1).
  static func isScheme(_ text: ArraySlice<UInt8>) -> Bool {
    guard let first = text.first, isAlphanumeric(first), !isDigit(first) else { return false }
    return text.allSatisfy { isAlphanumeric($0) || "+-.".utf8.contains($0) }
  }

  private static func isAuthority(_ text: ArraySlice<UInt8>) -> Bool {
    var host = text
    if let at = text.lastIndex(of: UInt8(ascii: "@")) {
      guard isMade(text[..<at], of: ":") else { return false }
      host = text[(at + 1)...]
    }
    if host.first == UInt8(ascii: "[") {
      guard let close = host.firstIndex(of: UInt8(ascii: "]")) else { return false }
      let port = host[(close + 1)...]
      return isAddress(host[..<close].dropFirst())
        && (port.isEmpty || port.first == UInt8(ascii: ":") && port.dropFirst().allSatisfy(isDigit))
    }
    if let colon = host.lastIndex(of: UInt8(ascii: ":")) {
      guard host[(colon + 1)...].allSatisfy(isDigit) else { return false }
      host = host[..<colon]
    }
    return isMade(host, of: "")
  }

  /// What may stand between brackets: an IPv6 address, or one of the future (RFC 3986 §3.2.2).
  private static func isAddress(_ text: ArraySlice<UInt8>) -> Bool {
    guard let first = text.first, first == UInt8(ascii: "v") || first == UInt8(ascii: "V") else {
      return AddressText.isIPv6(text)
    }
    let parts = text.dropFirst().split(
      separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    return parts.count == 2 && !parts[0].isEmpty && !parts[1].isEmpty
      && parts[0].allSatisfy { UTF8Text.hexDigit($0) != nil }
      && !parts[1].contains(UInt8(ascii: "%")) && isMade(parts[1], of: ":")
  }

  /// Whether it has only unreserved characters, sub-delimiters, percent escapes and `extra`.
  private static func isMade(_ text: ArraySlice<UInt8>, of extra: String) -> Bool {
    var rest = text
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%") {
        guard let one = rest.popFirst(), UTF8Text.hexDigit(one) != nil,
          let other = rest.popFirst(), UTF8Text.hexDigit(other) != nil
        else { return false }
      } else {
        guard isAlphanumeric(byte) || marks.contains(byte) || extra.utf8.contains(byte) else {
          return false
        }
      }
    }
    return true
  }

  private static let marks = Set("-._~!$&'()*+,;=".utf8)

  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    default: isDigit(byte)
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
  }
}
