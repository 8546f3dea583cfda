extension ReservedRange {
  /// What no allow list opens, looked at first: what answers secrets to whoever asks from inside a
  /// cloud, what is no single host, and tunnels that hide an IPv4 address from every other rule.
  static let sealed: [ReservedRange] = [
    .sealed(.v4(0x0000_0000), 8, "this host and network", "RFC 791"),
    .sealed(.v4(0x6464_64C8), 32, "metadata service", "Alibaba Cloud"),
    .sealed(.v4(0xA83F_8110), 32, "platform service", "Azure"),
    .sealed(.v4(0xA9FE_0000), 16, "link-local, metadata services", "RFC 3927"),
    .sealed(.v4(0xC000_00C0), 32, "metadata service", "Oracle Cloud"),
    .sealed(.v4(0xE000_0000), 4, "multicast", "RFC 5771"),
    .sealed(.v4(0xFFFF_FFFF), 32, "broadcast", "RFC 919"),
    .sealed(.v6(0), 128, "unspecified address", "RFC 4291"),
    .sealed(.v6(0xFFFF << 48), 96, "IPv4-translated addresses", "RFC 2765"),
    .sealed(.v6(0x0064_FF9B_0001 << 80), 48, "local NAT64", "RFC 8215"),
    .sealed(.v6(0x2001 << 112), 32, "Teredo tunnels", "RFC 4380"),
    .sealed(.v6(0x2002 << 112), 16, "6to4 tunnels", "RFC 7526"),
    .sealed(.v6(0xFD00_0EC2 << 96), 32, "metadata service", "AWS"),
    .sealed(.v6(0xFD20_00CE << 96 | 0x254), 128, "metadata service", "Google Cloud"),
    .sealed(.v6(0xFE80 << 112), 10, "link-local, metadata services", "RFC 4291"),
    .sealed(.v6(0xFF00 << 112), 8, "multicast", "RFC 4291"),
  ]

  /// What an allow list opens.
  static let openable: [ReservedRange] = [
    .v4(0x0A00_0000, 8, "private networks", "RFC 1918"),
    .v4(0x6440_0000, 10, "carrier-grade NAT", "RFC 6598"),
    .v4(0x7F00_0000, 8, "loopback", "RFC 1122"),
    .v4(0xAC10_0000, 12, "private networks", "RFC 1918"),
    .v4(0xC000_0000, 24, "protocol assignments", "RFC 6890"),
    .v4(0xC000_0200, 24, "documentation", "RFC 5737"),
    .v4(0xC01F_C400, 24, "AS112 service", "RFC 7535"),
    .v4(0xC034_C100, 24, "multicast relays", "RFC 7450"),
    .v4(0xC058_6300, 24, "6to4 relays", "RFC 7526"),
    .v4(0xC0A8_0000, 16, "private networks", "RFC 1918"),
    .v4(0xC0AF_3000, 24, "AS112 service", "RFC 7534"),
    .v4(0xC612_0000, 15, "benchmarks", "RFC 2544"),
    .v4(0xC633_6400, 24, "documentation", "RFC 5737"),
    .v4(0xCB00_7100, 24, "documentation", "RFC 5737"),
    .v4(0xF000_0000, 4, "future use", "RFC 1112"),
    ReservedRange(
      first: .v6(1), prefixLength: 128, purpose: "loopback", source: "RFC 4291", isSealed: false),
    nat64,
    .v6(0x0100_0000_0000_0000, 64, "discarded", "RFC 6666"),
    .v6(0x2001_0000_0000_0000, 23, "protocol assignments", "RFC 2928"),
    .v6(0x2001_0DB8_0000_0000, 32, "documentation", "RFC 3849"),
    .v6(0x2620_004F_8000_0000, 48, "AS112 service", "RFC 7534"),
    .v6(0x3FFF_0000_0000_0000, 20, "documentation", "RFC 9637"),
    .v6(0x5F00_0000_0000_0000, 16, "segment routing", "RFC 9602"),
    .v6(0xFC00_0000_0000_0000, 7, "private networks", "RFC 4193"),
    .v6(0xFEC0_0000_0000_0000, 10, "site-local", "RFC 3879"),
  ]

  /// The one translation that an allow list opens; the IPv4 address inside answers for itself.
  static let nat64 = ReservedRange.v6(0x0064_FF9B_0000_0000, 96, "NAT64", "RFC 6052")

  /// Where an IPv4 address is hidden in the last 32 bits. The unspecified address and loopback are
  /// in this block too, and have ranges of their own.
  static let v4Compatible = ReservedRange.sealed(
    .v6(0), 96, "IPv4-compatible addresses", "RFC 4291")

  /// What an interface of an ISATAP tunnel calls itself, in whatever network. A block only in name.
  static let isatap = ReservedRange.sealed(.v6(0x5EFE << 32), 96, "ISATAP tunnels", "RFC 5214")

  /// The only block of IPv6 that is the public Internet.
  static let globalUnicast = ReservedRange.v6(
    0x2000_0000_0000_0000, 3, "global unicast", "RFC 4291")

  /// What is left of IPv6.
  static let unassigned = ReservedRange.v6(0, 0, "not global unicast", "RFC 4291")
}
