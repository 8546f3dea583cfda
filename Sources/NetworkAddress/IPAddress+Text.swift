extension IPAddress: CustomStringConvertible {
  /// A dotted quad, or the one form that RFC 5952 §4 leaves an IPv6 address: lower case, no leading
  /// zeros, the first of the longest runs of two or more zero groups as `::`, never a dotted quad
  /// inside.
  package var description: String {
    switch self {
    case .v4(let bits):
      "\(bits >> 24).\(bits >> 16 & 0xFF).\(bits >> 8 & 0xFF).\(bits & 0xFF)"
    case .v6(let bits): Self.text(bits)
    }
  }

  private static func text(_ bits: UInt128) -> String {
    let groups = (0..<8).map { UInt16(truncatingIfNeeded: bits >> UInt128(112 - 16 * $0)) }
    let zeros = longestZeroRun(groups)
    guard zeros.count >= 2 else { return joined(groups[...]) }
    return "\(joined(groups[..<zeros.lowerBound]))::\(joined(groups[zeros.upperBound...]))"
  }

  private static func joined(_ groups: ArraySlice<UInt16>) -> String {
    groups.map { String($0, radix: 16) }.joined(separator: ":")
  }

  private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int> {
    var longest = 0..<0
    var start = 0
    for index in groups.indices {
      if groups[index] != 0 {
        start = index + 1
      } else if index + 1 - start > longest.count {
        longest = start..<(index + 1)
      }
    }
    return longest
  }
}
