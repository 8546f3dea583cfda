import NetworkAddress
import Testing

@Suite struct AddressPolicyTests {
  /// First and last address of everything that is not the public Internet (reserved and sealed).
  static let blocks: [(first: String, last: String)] = [
    ("0.0.0.0", "0.255.255.255"), ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"), ("127.0.0.0", "127.255.255.255"),
    ("168.63.129.16", "168.63.129.16"), ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"), ("192.0.0.0", "192.0.0.255"), ("192.0.2.0", "192.0.2.255"),
    ("192.31.196.0", "192.31.196.255"), ("192.52.193.0", "192.52.193.255"),
    ("192.88.99.0", "192.88.99.255"), ("192.168.0.0", "192.168.255.255"),
    ("192.175.48.0", "192.175.48.255"), ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"), ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "255.255.255.255"),
    ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
  ]

  @Test(
    "a block is denied from its first address to its last, and its neighbours are not",
    arguments: blocks)
  func boundaries(first: String, last: String) throws {
    let policy = AddressPolicy()
    let (first, last) = try (#require(IPAddress(first)), #require(IPAddress(last)))
    #expect(!policy.verdict(on: first).isAllowed)
    #expect(!policy.verdict(on: last).isAllowed)
    for neighbour in [first.moved(by: -1), last.moved(by: 1)].compactMap({ $0 }) {
      #expect(policy.verdict(on: neighbour).isAllowed, "\(neighbour)")
    }
  }

  @Test(
    "a denial names the block, what it is for and who says so",
    arguments: [
      ("10.1.2.3", "in 10.0.0.0/8 (private networks, RFC 1918)"),
      ("127.0.0.1", "in 127.0.0.0/8 (loopback, RFC 1122)"),
      ("0.0.0.0", "in 0.0.0.0/8 (this host and network, RFC 791)"),
      ("169.254.169.254", "in 169.254.0.0/16 (link-local, metadata services, RFC 3927)"),
      ("168.63.129.16", "in 168.63.129.16/32 (platform service, Azure)"),
      ("100.100.100.200", "in 100.100.100.200/32 (metadata service, Alibaba Cloud)"),
      ("100.100.100.201", "in 100.64.0.0/10 (carrier-grade NAT, RFC 6598)"),
      ("192.0.0.192", "in 192.0.0.192/32 (metadata service, Oracle Cloud)"),
      ("255.255.255.255", "in 255.255.255.255/32 (broadcast, RFC 919)"),
      ("255.255.255.254", "in 240.0.0.0/4 (future use, RFC 1112)"),
      ("239.1.1.1", "in 224.0.0.0/4 (multicast, RFC 5771)"),
      ("::", "in ::/128 (unspecified address, RFC 4291)"),
      ("::1", "in ::1/128 (loopback, RFC 4291)"),
      ("::ffff:127.0.0.1", "in 127.0.0.0/8 (loopback, RFC 1122)"),
      ("::127.0.0.1", "in ::/96 (IPv4-compatible addresses, RFC 4291)"),
      ("::2", "in ::/96 (IPv4-compatible addresses, RFC 4291)"),
      ("::ffff:0:127.0.0.1", "in ::ffff:0:0:0/96 (IPv4-translated addresses, RFC 2765)"),
      ("64:ff9b::8.8.8.8", "in 64:ff9b::/96 (NAT64, RFC 6052)"),
      ("64:ff9b:1::1", "in 64:ff9b:1::/48 (local NAT64, RFC 8215)"),
      ("100::1", "in 100::/64 (discarded, RFC 6666)"),
      ("2001::1", "in 2001::/32 (Teredo tunnels, RFC 4380)"),
      ("2001:10::1", "in 2001::/23 (protocol assignments, RFC 2928)"),
      ("2001:db8::1", "in 2001:db8::/32 (documentation, RFC 3849)"),
      ("2002:7f00:1::", "in 2002::/16 (6to4 tunnels, RFC 7526)"),
      ("5f00::1", "in 5f00::/16 (segment routing, RFC 9602)"),
      ("fc00::1", "in fc00::/7 (private networks, RFC 4193)"),
      ("fd00:ec2::254", "in fd00:ec2::/32 (metadata service, AWS)"),
      ("fd20:ce::254", "in fd20:ce::254/128 (metadata service, Google Cloud)"),
      ("fe80::a9fe:a9fe", "in fe80::/10 (link-local, metadata services, RFC 4291)"),
      ("fec0::1", "in fec0::/10 (site-local, RFC 3879)"),
      ("ff02::1", "in ff00::/8 (multicast, RFC 4291)"),
      ("2a00:1450:4001::5efe:10.0.0.1", "in ::5efe:0:0/96 (ISATAP tunnels, RFC 5214)"),
      ("2a00:1450:4001::200:5efe:10.0.0.1", "in ::5efe:0:0/96 (ISATAP tunnels, RFC 5214)"),
      ("4000::1", "in ::/0 (not global unicast, RFC 4291)"),
    ])
  func reasons(text: String, expected: String) throws {
    let address = try #require(IPAddress(text))
    #expect(AddressPolicy().verdict(on: address).description == expected)
  }

  @Test(
    "the public Internet may be dialled",
    arguments: [
      "1.1.1.1", "8.8.8.8", "93.184.216.34", "223.255.255.255", "2606:4700:4700::1111",
      "2a00:1450:4001:81b::200e", "2600::1", "2001:4860:4860::8888",
    ])
  func publicAddresses(text: String) throws {
    let verdict = AddressPolicy().verdict(on: try #require(IPAddress(text)))
    #expect(verdict == .allowed)
    #expect(verdict.description == "allowed")
  }

  @Test(
    "an allow list opens what is reserved, and nothing besides",
    arguments: [
      ("10.1.0.0/16", "10.1.255.255", "10.2.0.0"), ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
      ("::1", "::1", "::2"), ("fd12:3456::/32", "fd12:3456::1", "fd12:3457::1"),
      ("240.0.0.0/4", "250.1.1.1", "255.255.255.255"),
      ("2001:db8::/32", "2001:db8::1", "2001:10::1"),
    ])
  func allowList(block: String, opened: String, shut: String) throws {
    let policy = AddressPolicy(allowed: CIDRSet([try CIDRBlock(block)]))
    #expect(policy.verdict(on: try #require(IPAddress(opened))).isAllowed)
    #expect(!policy.verdict(on: try #require(IPAddress(shut))).isAllowed)
  }

  @Test(
    "no allow list opens what is sealed",
    arguments: [
      "0.0.0.0", "0.1.2.3", "169.254.0.0", "169.254.169.254", "169.254.255.255", "168.63.129.16",
      "100.100.100.200", "192.0.0.192", "224.0.0.1", "239.255.255.255", "255.255.255.255", "::",
      "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fe80::1",
      "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ff02::1", "::169.254.169.254",
      "::ffff:0:169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254",
      "64:ff9b:1::169.254.169.254", "2002:a9fe:a9fe::1", "2001:0:1234::5601:5601",
      "2a00::5efe:169.254.169.254", "fd00::200:5efe:169.254.169.254",
    ])
  func sealed(text: String) throws {
    let everything = CIDRSet([try CIDRBlock("0.0.0.0/0"), try CIDRBlock("::/0")])
    let verdict = AddressPolicy(allowed: everything).verdict(on: try #require(IPAddress(text)))
    guard case .reserved(let range) = verdict else {
      Issue.record("\(text) is \(verdict)")
      return
    }
    #expect(range.isSealed)
  }

  @Test("an allowed NAT64 address leads only to where its IPv4 address may lead")
  func nat64() throws {
    let translation = try CIDRBlock("64:ff9b::/96")
    let narrow = AddressPolicy(allowed: CIDRSet([translation]))
    let wide = AddressPolicy(allowed: CIDRSet([translation, try CIDRBlock("10.0.0.0/8")]))
    let publicAddress = try #require(IPAddress("64:ff9b::8.8.8.8"))
    let privateAddress = try #require(IPAddress("64:ff9b::10.0.0.1"))
    #expect(narrow.verdict(on: publicAddress).isAllowed)
    #expect(!narrow.verdict(on: privateAddress).isAllowed)
    #expect(wide.verdict(on: privateAddress).isAllowed)
  }

  @Test("the host's own addresses are denied, public, private or allowed")
  func ownAddresses() throws {
    let own = CIDRSet([try CIDRBlock("8.8.8.8"), try CIDRBlock("10.0.0.5")])
    let policy = AddressPolicy(allowed: CIDRSet([try CIDRBlock("10.0.0.0/8")]), ownAddresses: own)
    for text in ["8.8.8.8", "10.0.0.5"] {
      let verdict = policy.verdict(on: try #require(IPAddress(text)))
      #expect(verdict == .ownAddress)
      #expect(verdict.description == "this host's own")
    }
    #expect(policy.verdict(on: try #require(IPAddress("10.0.0.6"))).isAllowed)
  }

  @Test("an IPv4-mapped address that was not unwrapped is judged as the IPv4 address")
  func handMadeMapped() {
    for bits: UInt32 in [0x7F00_0001, 0xA9FE_A9FE, 0x0808_0808] {
      let mapped = IPAddress.v6(0xFFFF_0000_0000 | UInt128(bits))
      #expect(AddressPolicy().verdict(on: mapped) == AddressPolicy().verdict(on: .v4(bits)))
    }
  }

  @Test("an address is denied by default exactly if it is in one of the blocks")
  func agreesWithTheBlocks() throws {
    var generator = SeededGenerator(state: 5)
    let ranges = try Self.blocks.map {
      try (#require(IPAddress($0.first)), #require(IPAddress($0.last)))
    }
    for _ in 0..<20_000 {
      let wide = UInt128.random(in: 0...(.max), using: &generator)
      let probe: IPAddress =
        Bool.random(using: &generator) ? .v4(UInt32(truncatingIfNeeded: wide)) : .v6(wide)
      let isInBlock = ranges.contains { first, last in
        switch (first, last, probe) {
        case (.v4(let first), .v4(let last), .v4(let bits)): (first...last).contains(bits)
        case (.v6(let first), .v6(let last), .v6(let bits)): (first...last).contains(bits)
        default: false
        }
      }
      #expect(AddressPolicy().verdict(on: probe).isAllowed != isInBlock, "\(probe)")
    }
  }
}

extension IPAddress {
  /// The address so far away; nil beyond the ends.
  fileprivate func moved(by step: Int) -> IPAddress? {
    switch self {
    case .v4(let bits):
      UInt32(exactly: Int(bits) + step).map(IPAddress.v4)
    case .v6(let bits):
      if step < 0 { bits == 0 ? nil : .v6(bits - 1) } else { bits == .max ? nil : .v6(bits + 1) }
    }
  }
}
