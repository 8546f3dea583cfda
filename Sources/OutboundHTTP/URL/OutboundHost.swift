internal import NetworkAddress

/// Reads the host of a URL.
enum OutboundHost {
  /// RFC 1035 §2.3.4, in the textual form without the dot at the end.
  private static let maxNameBytes = 253
  private static let maxLabelBytes = 63

  /// The host's canonical text, and the address it is, unless it is a name.
  static func read(
    _ host: ArraySlice<UInt8>
  ) throws(OutboundURLError) -> (String, IPAddress?) {
    let lower = host.map(ASCII.lowercased)
    let text = String(decoding: lower, as: UTF8.self)
    if lower.first == UInt8(ascii: "[") {
      let inside = String(text.dropFirst().dropLast())
      // An IPv4-mapped address is written otherwise as well: it is an IPv4 address.
      guard let address = IPAddress(inside), address.description == inside, inside.contains(":")
      else { throw .invalidIPv6 }
      return (text, address)
    }
    guard lower.last != UInt8(ascii: ".") else { throw .trailingDot }
    let labels = lower.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    // inet_aton(3), and with it getaddrinfo(3), takes such names for addresses: 127.1, 0x7f000001.
    if let last = labels.last, isNumber(last) {
      guard let address = IPAddress(text) else { throw .numericHost }
      return (text, address)
    }
    guard lower.count <= maxNameBytes, labels.allSatisfy(isLabel) else { throw .invalidName }
    return (text, nil)
  }

  /// RFC 1123 §2.1.
  private static func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
    let hyphen = UInt8(ascii: "-")
    return (1...maxLabelBytes).contains(label.count) && label.first != hyphen
      && label.last != hyphen && label.allSatisfy { ASCII.isAlphanumeric($0) || $0 == hyphen }
  }

  /// Whether the label is decimal, octal or hexadecimal, as in the URL Standard's "ends in a number".
  private static func isNumber(_ label: ArraySlice<UInt8>) -> Bool {
    guard !label.isEmpty else { return false }
    if label.starts(with: "0x".utf8) { return label.dropFirst(2).allSatisfy(ASCII.isHexDigit) }
    return label.allSatisfy(ASCII.isDigit)
  }
}
