internal import KeyRules
internal import NetworkAddress

/// What keys are made of and what they allow: tokens, blocks of addresses, patterns of endpoints.
///
/// Input: what to try, and lines for it.
enum KeysTarget: FuzzTarget {
  static func run(_ input: FuzzInput) {
    var input = input
    switch input.byte() % 4 {
    case 0: token(&input)
    case 1: text(input.all())
    case 2: blocks(&input)
    default: EndpointModel.run(&input)
    }
  }

  /// A token of ours is known, and with one byte changed it is none.
  private static func token(_ input: inout FuzzInput) {
    let kind = TokenKind.allCases[Int(input.byte()) % TokenKind.allCases.count]
    let (place, change) = (Int(input.byte()), input.byte())
    var numbers = SeededNumbers(input.all())
    let token = Token.generate(kind, using: &numbers)
    let text = token.secret.reveal()
    var bytes = Array(text.utf8)
    promise(Token.kind(of: bytes.span) == kind, "a token is of its kind")
    promise(text.hasPrefix(token.prefix) && text.hasSuffix(token.lastFour), "it shows its ends")
    promise(!"\(token.secret)".contains(token.lastFour), "a secret is not printed")
    guard change != 0 else { return }
    bytes[place % bytes.count] ^= change
    promise(Token.kind(of: bytes.span) == nil, "a typing error is none of ours")
    promise(Token.kind(of: Array(text.utf8.dropLast()).span) == nil, "half a token is none")
  }

  private static func text(_ bytes: [UInt8]) {
    guard let kind = Token.kind(of: bytes.span) else { return }
    promise(
      bytes.starts(with: kind.marker.utf8)
        && bytes.count == kind.marker.utf8.count + Token.bodyLength
        && bytes.allSatisfy { Base62.isDigit($0) || $0 == UInt8(ascii: "_") },
      "a token looks like one")
  }

  /// A set has the addresses of its blocks and no others.
  private static func blocks(_ input: inout FuzzInput) {
    var blocks: [CIDRBlock] = []
    var probes: [IPAddress] = [.v4(0), .v4(.max), .v6(0), .v6(.max)]
    for _ in 0..<16 where !input.rest.isEmpty {
      let text = input.text()
      if let address = IPAddress(text) { probes.append(address) }
      guard let block = try? CIDRBlock(text) else { continue }
      promise(block.first.isAtMost(block.last), "\(text) is not upside down")
      promise(
        promised("\(block.first) is a block") { try CIDRBlock("\(block.first)") }
          == promised("and this is the same") { try CIDRBlock("\(block.first)/\(block.width)") },
        "an address is a block of itself")
      let name = "\(block.first)/\(block.length)"
      promise(
        promised("\(name) is read") { try CIDRBlock(name) } == block, "\(text) is \(name)")
      blocks.append(block)
      probes += [block.first, block.last] + block.first.before + block.last.after
    }
    let set = CIDRSet(blocks)
    promise(set.isEmpty == blocks.isEmpty, "blocks make a set")
    promise(CIDRSet(blocks.reversed()) == set, "the order does not count")
    for probe in probes {
      let isIn = blocks.contains { $0.first.isAtMost(probe) && probe.isAtMost($0.last) }
      promise(set.contains(probe) == isIn, "\(probe) is in the set as in the blocks")
    }
  }
}

extension CIDRBlock {
  /// Bits of an address of its family.
  fileprivate var width: Int {
    if case .v4 = first { 32 } else { 128 }
  }

  /// The length of its prefix.
  fileprivate var length: Int {
    switch (first, last) {
    case (.v4(let low), .v4(let high)): (low ^ high).leadingZeroBitCount
    case (.v6(let low), .v6(let high)): (low ^ high).leadingZeroBitCount
    default: fatalError("BROKEN: a block has one family")
    }
  }
}

extension IPAddress {
  /// Whether it is in the same family and not above the other.
  fileprivate func isAtMost(_ other: IPAddress) -> Bool {
    switch (self, other) {
    case (.v4(let one), .v4(let two)): one <= two
    case (.v6(let one), .v6(let two)): one <= two
    default: false
    }
  }

  fileprivate var before: [IPAddress] {
    switch self {
    case .v4(let bits): bits == 0 ? [] : [.v4(bits - 1)]
    case .v6(let bits): bits == 0 ? [] : [.v6(bits - 1)]
    }
  }

  fileprivate var after: [IPAddress] {
    switch self {
    case .v4(let bits): bits == .max ? [] : [.v4(bits + 1)]
    case .v6(let bits): bits == .max ? [] : [.v6(bits + 1)]
    }
  }
}
