/// Blocks of addresses, compiled for one question: is this address in one of them?
///
/// Kept as sorted ranges that do not touch, one list per family, so a lookup is a binary search
/// whatever the number of blocks. An IPv4 address is in no IPv6 block, `::/0` included.
package struct CIDRSet: Sendable, Hashable {
  private var v4: [ClosedRange<UInt32>] = []
  private var v6: [ClosedRange<UInt128>] = []

  /// The empty set, which holds no address.
  package init() {}

  package init(_ blocks: some Sequence<CIDRBlock>) {
    for block in blocks {
      switch (block.first, block.last) {
      case (.v4(let first), .v4(let last)): v4.append(first...last)
      case (.v6(let first), .v6(let last)): v6.append(first...last)
      case (.v4, .v6), (.v6, .v4): continue  // A block has one family.
      }
    }
    v4 = Self.merged(v4)
    v6 = Self.merged(v6)
  }

  package var isEmpty: Bool { v4.isEmpty && v6.isEmpty }

  package func contains(_ address: IPAddress) -> Bool {
    switch address {
    case .v4(let bits): Self.contains(bits, in: v4)
    case .v6(let bits): Self.contains(bits, in: v6)
    }
  }

  private static func merged<Bits>(_ ranges: [ClosedRange<Bits>]) -> [ClosedRange<Bits>] {
    var merged: [ClosedRange<Bits>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, range.lowerBound <= last.upperBound {
        merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    return merged
  }

  private static func contains<Bits>(_ bits: Bits, in ranges: [ClosedRange<Bits>]) -> Bool {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < bits { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].contains(bits)
  }
}
