/// `format: ipv4` (RFC 2673 §3.2) and `ipv6` (RFC 4291 §2.2), without zones or prefixes.
enum AddressText {
  /// Four numbers to 255 without leading zeros, which some readers take for octal.
  static func isIPv4(_ text: ArraySlice<UInt8>) -> Bool {
    guard text.count <= 15 else { return false }
    let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        1...3 ~= part.count && part.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
          && (part.count == 1 || part.first != UInt8(ascii: "0"))
          && part.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } <= 255
      }
  }

  static func isIPv6(_ text: ArraySlice<UInt8>) -> Bool {
    guard text.count <= 45 else { return false }
    let colon = UInt8(ascii: ":")
    let parts = text.split(separator: colon, omittingEmptySubsequences: false)
    guard parts.count >= 3 else { return false }
    // `::` makes an empty part; at an end of the address it makes two.
    var groups = 0
    var gaps = 0
    for (index, part) in parts.enumerated() {
      let isLast = index == parts.count - 1
      if part.isEmpty {
        let isEdge = index == 0 || isLast
        guard !isEdge || parts[index == 0 ? 1 : index - 1].isEmpty else { return false }
        if !isEdge { gaps += 1 }
      } else if isLast, part.contains(UInt8(ascii: ".")) {
        guard isIPv4(part) else { return false }
        groups += 2
      } else {
        guard part.count <= 4, part.allSatisfy({ UTF8Text.hexDigit($0) != nil }) else {
          return false
        }
        groups += 1
      }
    }
    return gaps == 0 ? groups == 8 : gaps == 1 && groups <= 7
  }
}
