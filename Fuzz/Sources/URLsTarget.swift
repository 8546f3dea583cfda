internal import NetworkAddress
internal import OutboundHTTP

/// Where webhooks may go: whatever spelling of a forbidden address the platform understands is refused,
/// and what is taken for a name is no address to anybody.
///
/// Input: how the text is meant, and the text.
enum URLsTarget: FuzzTarget {
  private static let rules = OutboundURLRules(allowsHTTP: true, ports: [1...65535])
  private static let policy = AddressPolicy()

  static func run(_ input: FuzzInput) {
    var input = input
    let form = input.byte() % 4
    let text = String(decoding: input.all(), as: UTF8.self)
    switch form {
    case 0: url(text)
    case 1: url("https://\(text)/")
    case 2: url("http://[\(text)]:8080/hook?a=b")
    default: address(text)
    }
    spelling(text)
  }

  private static func url(_ text: String) {
    // Losing the error is right: it only has to be one.
    guard let url = try? OutboundURL(text, rules: rules) else { return }
    promise(url.origin == "\(url.scheme.rawValue)://\(url.host):\(url.port)", "the origin is whole")
    promise(
      "\(url.host)\(url.target)".utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x5C },
      "nothing ends the line of a request: \(url)")
    promise(!"\(url.host)".utf8.contains { "@/?#%".utf8.contains($0) }, "a host is only a host")
    promise(url.target.utf8.first == UInt8(ascii: "/"), "the target is a path")
    // The path that was left out makes the canonical text one byte longer.
    if url.description.utf8.count <= OutboundURL.maxBytes {
      let again = promised("\(url) is read again") { try OutboundURL("\(url)", rules: rules) }
      promise(again == url && "\(again)" == "\(url)", "\(url) survives being written")
    }
    let host = url.literal.map { "\($0)" } ?? url.host
    let readings = PlatformAddress.readings(of: host)
    if let literal = url.literal {
      promise(
        !readings.isEmpty && readings.allSatisfy { $0 == literal },
        "the platform reads \(url.host) as \(literal), not as \(readings)")
    } else {
      promise(readings.isEmpty, "the name \(host) is an address to the platform: \(readings)")
    }
  }

  /// A text as the host of a URL, beside what the platform takes it for.
  private static func spelling(_ text: String) {
    // C ends a text at NUL, and no URL has one.
    guard !text.utf8.contains(0) else { return }
    let readings = PlatformAddress.readings(of: text)
    for reading in readings {
      if ForbiddenAddress.contains(reading) {
        promise(!policy.verdict(on: reading).isAllowed, "\(reading) may not be dialled")
      }
      let forbidden = !policy.verdict(on: reading).isAllowed
      for url in ["https://\(text)/", "https://[\(text)]/", "https://\(text):8443"] {
        // Losing the error is right: as above.
        guard forbidden, let url = try? OutboundURL(url, rules: rules) else { continue }
        guard let literal = url.literal else {
          fatalError("BROKEN: \(url) leads to \(reading) and is taken for a name")
        }
        promise(!policy.verdict(on: literal).isAllowed, "\(url) leads to \(reading)")
      }
    }
  }

  private static func address(_ text: String) {
    guard let address = IPAddress(text) else { return }
    promise(
      PlatformAddress.strict(text) == address, "inet_pton(3) reads \(text) as \(address)")
    promise(IPAddress("\(address)") == address, "\(address) survives being written")
    let verdict = policy.verdict(on: address)
    promise(
      !ForbiddenAddress.contains(address) || !verdict.isAllowed, "\(address) may not be dialled")
    if case .v4(let bits) = address {
      let mapped = policy.verdict(on: .v6(0xFFFF << 32 | UInt128(bits)))
      promise(mapped == verdict, "\(address) is judged alike when it is mapped")
      for hidden in ["64:ff9b::\(text)", "::\(text)", "2002:\(hex(bits))::1"] {
        guard let address = IPAddress(hidden) else { continue }
        promise(!policy.verdict(on: address).isAllowed, "\(hidden) may not be dialled")
      }
    }
    opened(address)
  }

  /// Opening everything opens no address that is sealed, and the host's own stay shut.
  private static func opened(_ address: IPAddress) {
    let all = CIDRSet(["0.0.0.0/0", "::/0"].compactMap { try? CIDRBlock($0) })
    if case .reserved(let range) = AddressPolicy(allowed: all).verdict(on: address) {
      promise(range.isSealed, "\(range) is sealed or opens")
    }
    if case .reserved(let range) = policy.verdict(on: address), range.isSealed {
      promise(
        !AddressPolicy(allowed: all).verdict(on: address).isAllowed, "\(range) stays sealed")
    }
    promise(
      !AddressPolicy(allowed: all, ownAddresses: all).verdict(on: address).isAllowed,
      "\(address) of this host may not be dialled")
  }

  private static func hex(_ bits: UInt32) -> String {
    "\(String(bits >> 16, radix: 16)):\(String(bits & 0xFFFF, radix: 16))"
  }
}
