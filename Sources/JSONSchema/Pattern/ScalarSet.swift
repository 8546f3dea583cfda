/// A set of Unicode scalars, as a class (`[a-z\d]`), an escape (`\w`, `\p{Letter}`) or the dot
/// means it. Membership of an ASCII character is one bit to look at.
struct ScalarSet: Sendable {
  /// Sorted, apart.
  private let ranges: [ClosedRange<UInt32>]
  private let properties: [ScalarProperty]
  private let isNegated: Bool
  private let ascii: (low: UInt64, high: UInt64)

  init(
    _ ranges: [ClosedRange<UInt32>], properties: [ScalarProperty] = [], isNegated: Bool = false
  ) {
    self.ranges = Self.merged(ranges)
    self.properties = properties
    self.isNegated = isNegated
    var bits: (low: UInt64, high: UInt64) = (0, 0)
    for scalar in UInt32(0)..<128
    where Self.holds(scalar, self.ranges, properties) != isNegated {
      if scalar < 64 {
        bits.low |= 1 << UInt64(scalar)
      } else {
        bits.high |= 1 << UInt64(scalar - 64)
      }
    }
    ascii = bits
  }

  /// Steps that looking up a scalar takes at worst.
  var cost: Int { 1 + properties.count }

  func contains(_ scalar: UInt32) -> Bool {
    if scalar < 64 { return ascii.low >> UInt64(scalar) & 1 == 1 }
    if scalar < 128 { return ascii.high >> UInt64(scalar - 64) & 1 == 1 }
    return Self.holds(scalar, ranges, properties) != isNegated
  }

  private static func holds(
    _ scalar: UInt32, _ ranges: [ClosedRange<UInt32>], _ properties: [ScalarProperty]
  ) -> Bool {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
    }
    if low < ranges.count, ranges[low].contains(scalar) { return true }
    return properties.contains { $0.holds(for: scalar) }
  }

  private static func merged(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
    var merged: [ClosedRange<UInt32>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, range.lowerBound <= last.upperBound &+ 1 {
        merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    return merged
  }

  /// Everything that is in none of `ranges`.
  static func complement(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
    var rest: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in merged(ranges) {
      if range.lowerBound > next { rest.append(next...(range.lowerBound - 1)) }
      next = range.upperBound + 1
    }
    rest.append(next...0x10ffff)
    return rest
  }

  // The escapes of ECMA-262 §22.2.2.9: ASCII digits and word characters, Unicode's spaces.

  static let digits: [ClosedRange<UInt32>] = [0x30...0x39]
  static let wordCharacters: [ClosedRange<UInt32>] = [
    0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a,
  ]
  static let spaces: [ClosedRange<UInt32>] = [
    0x09...0x0d, 0x20...0x20, 0xa0...0xa0, 0x1680...0x1680, 0x2000...0x200a, 0x2028...0x2029,
    0x202f...0x202f, 0x205f...0x205f, 0x3000...0x3000, 0xfeff...0xfeff,
  ]
  static let lineEnds: [ClosedRange<UInt32>] = [0x0a...0x0a, 0x0d...0x0d, 0x2028...0x2029]

  static func isWordCharacter(_ scalar: UInt32?) -> Bool {
    guard let scalar else { return false }
    return wordCharacters.contains { $0.contains(scalar) }
  }
}
