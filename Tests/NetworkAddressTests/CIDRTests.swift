import NetworkAddress
import Testing

@Suite struct CIDRTests {
  @Test(
    "addresses are read in every standard form",
    arguments: [
      ("192.0.2.7", IPAddress.v4(0xC000_0207)), ("0.0.0.0", .v4(0)), ("255.255.255.255", .v4(.max)),
      ("::", .v6(0)), ("::1", .v6(1)), ("1::", .v6(1 << 112)),
      ("2001:db8::8:800:200c:417a", .v6(0x2001_0DB8_0000_0000_0008_0800_200C_417A)),
      ("2001:DB8:0:0:8:800:200C:417A", .v6(0x2001_0DB8_0000_0000_0008_0800_200C_417A)),
      ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .v6(.max)),
      ("1:2:3:4:5:6:7::", .v6(0x0001_0002_0003_0004_0005_0006_0007_0000)),
      ("::2:3:4:5:6:7:8", .v6(0x0000_0002_0003_0004_0005_0006_0007_0008)),
      ("64:ff9b::192.0.2.33", .v6(0x0064_FF9B_0000_0000_0000_0000_C000_0221)),
      ("1:2:3:4:5:6:192.0.2.33", .v6(0x0001_0002_0003_0004_0005_0006_C000_0221)),
      ("::ffff:192.0.2.7", .v4(0xC000_0207)), ("::FFFF:c000:207", .v4(0xC000_0207)),
      ("0:0:0:0:0:ffff:192.0.2.7", .v4(0xC000_0207)), ("::192.0.2.7", .v6(0xC000_0207)),
    ] as [(String, IPAddress)])
  func addresses(text: String, expected: IPAddress) {
    #expect(IPAddress(text) == expected)
  }

  @Test(
    "what readers disagree about is no address",
    arguments: [
      "", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.00", "0x7f.0.0.1",
      "127.1", "2130706433", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4", "+1.2.3.4", "1..2.3", "1.2.3.",
      "１.2.3.4", "fe80::1%eth0", "fe80::1%1", "1.2.3.4%eth0", "[::1]", ":", ":::", "1:::2", "::1::",
      "1::2::3", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "12345::", "g::", "::1.2.3", "::1.2.3.04",
      "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::ffff:1.2.3.4.5", "1.2.3.4\0", "::\0",
      "::ffff:999.0.0.1", String(repeating: "0:", count: 400) + ":",
    ])
  func refusedAddresses(text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test(
    "blocks are read with their first and last address",
    arguments: [
      ("10.0.0.0/8", "10.0.0.0", "10.255.255.255"), ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
      ("192.0.2.7", "192.0.2.7", "192.0.2.7"), ("192.0.2.7/32", "192.0.2.7", "192.0.2.7"),
      ("192.0.2.6/31", "192.0.2.6", "192.0.2.7"),
      ("2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
      ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), ("::1/128", "::1", "::1"),
      ("::ffff:10.0.0.0/104", "10.0.0.0", "10.255.255.255"),
      ("::ffff:0:0/96", "0.0.0.0", "255.255.255.255"), ("::ffff:1.2.3.4", "1.2.3.4", "1.2.3.4"),
    ])
  func blocks(text: String, first: String, last: String) throws {
    let block = try CIDRBlock(text)
    #expect(block.first == IPAddress(first))
    #expect(block.last == IPAddress(last))
  }

  @Test(
    "what is no block is refused with the reason",
    arguments: [
      ("", CIDRError.invalidAddress), ("/8", .invalidAddress), ("10.0.0/8", .invalidAddress),
      ("fe80::%1/64", .invalidAddress), ("010.0.0.0/8", .invalidAddress),
      ("10.0.0.0/", .invalidPrefixLength), ("10.0.0.0/33", .invalidPrefixLength),
      ("10.0.0.0/08", .invalidPrefixLength), ("10.0.0.0/-1", .invalidPrefixLength),
      ("10.0.0.0/8/8", .invalidPrefixLength), ("::/129", .invalidPrefixLength),
      ("10.0.0.0/8 ", .invalidPrefixLength), ("10.0.0.0/1000", .invalidPrefixLength),
      ("10.0.0.1/8", .hostBitsSet), ("10.0.0.1/0", .hostBitsSet), ("::1/127", .hostBitsSet),
      ("::ffff:10.0.0.1/104", .hostBitsSet), ("::ffff:0:0/90", .hostBitsSet),
    ])
  func refusedBlocks(text: String, expected: CIDRError) {
    #expect(throws: expected) { try CIDRBlock(text) }
    #expect(!"\(expected)".isEmpty)
  }

  @Test("a set answers as its blocks do, one by one")
  func membership() throws {
    var generator = SeededGenerator(state: 31)
    for _ in 0..<300 {
      // Few distinct high bits, so that blocks nest and addresses hit.
      let blocks = try (0..<Int.random(in: 0...20, using: &generator)).map { _ in
        try randomBlock(&generator)
      }
      let set = CIDRSet(blocks)
      #expect(set.isEmpty == blocks.isEmpty)
      var probes: [IPAddress] = blocks.flatMap { [$0.first, $0.last] }
      probes += blocks.flatMap { [neighbour($0.first, -1), neighbour($0.last, 1)] }
      for _ in 0..<50 { probes.append(randomAddress(&generator)) }
      for probe in probes {
        #expect(set.contains(probe) == blocks.contains { holds($0, probe) })
      }
    }
    #expect(CIDRSet().isEmpty)
    #expect(!CIDRSet().contains(.v4(0)))
  }

  @Test("an IPv4 address is in no IPv6 block, however wide, and the other way round")
  func families() throws {
    let v6 = CIDRSet([try CIDRBlock("::/0")])
    let v4 = CIDRSet([try CIDRBlock("0.0.0.0/0")])
    let address = try #require(IPAddress("192.0.2.7"))
    let mapped = try #require(IPAddress("::ffff:192.0.2.7"))
    let other = try #require(IPAddress("2001:db8::1"))
    #expect(v4.contains(address) && v4.contains(mapped) && !v4.contains(other))
    #expect(!v6.contains(address) && !v6.contains(mapped) && v6.contains(other))
  }

  @Test("noise is refused or read, never fatal")
  func noise() {
    var generator = SeededGenerator(state: 37)
    let alphabet = Array("0123456789abcdefF.:/%".utf8)
    for _ in 0..<20_000 {
      let text = String(
        decoding: (0..<Int.random(in: 0...24, using: &generator)).map { _ in
          alphabet.randomElement(using: &generator) ?? 0
        }, as: UTF8.self)
      _ = IPAddress(text)
      do {
        let block = try CIDRBlock(text)
        #expect(holds(block, block.first) && holds(block, block.last))
      } catch {
        #expect(!error.description.isEmpty)
      }
    }
  }

  private func holds(_ block: CIDRBlock, _ address: IPAddress) -> Bool {
    switch (block.first, block.last, address) {
    case (.v4(let first), .v4(let last), .v4(let bits)): (first...last).contains(bits)
    case (.v6(let first), .v6(let last), .v6(let bits)): (first...last).contains(bits)
    default: false
    }
  }

  private func neighbour(_ address: IPAddress, _ step: Int) -> IPAddress {
    switch address {
    case .v4(let bits): .v4(step < 0 ? bits &- 1 : bits &+ 1)
    case .v6(let bits): .v6(step < 0 ? bits &- 1 : bits &+ 1)
    }
  }

  private func randomAddress(_ generator: inout SeededGenerator) -> IPAddress {
    if Bool.random(using: &generator) {
      return .v4(UInt32.random(in: 0..<1024, using: &generator) << 20)
    }
    return .v6(UInt128(UInt64.random(in: 0..<1024, using: &generator)) << 100)
  }

  private func randomBlock(_ generator: inout SeededGenerator) throws -> CIDRBlock {
    switch randomAddress(&generator) {
    case .v4(let bits):
      let length = UInt32.random(in: 1...32, using: &generator)
      let kept = bits & ~(length == 32 ? 0 : UInt32.max >> length)
      let octets = [24, 16, 8, 0].map { "\(kept >> UInt32($0) & 0xFF)" }
      return try CIDRBlock("\(octets.joined(separator: "."))/\(length)")
    case .v6(let bits):
      let length = UInt128.random(in: 0...128, using: &generator)
      let kept = length == 0 ? 0 : bits & ~(length == 128 ? 0 : UInt128.max >> length)
      let groups = (0..<8).map {
        String(UInt16(truncatingIfNeeded: kept >> UInt128(112 - 16 * $0)), radix: 16)
      }
      return try CIDRBlock("\(groups.joined(separator: ":"))/\(length)")
    }
  }
}
