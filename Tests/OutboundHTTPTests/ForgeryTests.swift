import NetworkAddress
import OutboundHTTP
import Testing

/// Ways to write what must not be reached (server-side request forgery). Each is either no URL, or an
/// address that the policy denies.
@Suite struct ForgeryTests {
  static let targets: [UInt32] = [
    0x7F00_0001, 0xA9FE_A9FE, 0x0A00_0001, 0xC0A8_0001, 0xAC10_0001, 0x0000_0000, 0x6464_64C8,
    0xA83F_8110,
  ]

  /// Every way in which some reader takes a text for an IPv4 address.
  static func spellings(of bits: UInt32) -> [String] {
    let octets = [24, 16, 8, 0].map { bits >> UInt32($0) & 0xFF }
    let dotted = octets.map { "\($0)" }.joined(separator: ".")
    let hex = octets.map { String($0, radix: 16) }
    let octal = octets.map { "0" + String($0, radix: 8) }
    let low24 = bits & 0xFF_FFFF
    let low16 = bits & 0xFFFF
    let groups = "\(String(bits >> 16, radix: 16)):\(String(low16, radix: 16))"
    let inverted = ~bits
    let teredo = "\(String(inverted >> 16, radix: 16)):\(String(inverted & 0xFFFF, radix: 16))"
    let circled = ["⓪", "①", "②", "③", "④", "⑤", "⑥", "⑦", "⑧", "⑨"]
    let plain: [String] = [
      dotted, "\(bits)", "0x\(String(bits, radix: 16))", "0X\(String(bits, radix: 16))",
      "0\(String(bits, radix: 8))", "00\(String(bits, radix: 8))",
      "\(UInt64(bits) + 1 << 32)",
      octal.joined(separator: "."), octets.map { "00000\($0)" }.joined(separator: "."),
      hex.map { "0x\($0)" }.joined(separator: "."), hex.map { "0X\($0)" }.joined(separator: "."),
      hex.map { "0x0000\($0)" }.joined(separator: "."),
      "\(octets[0]).\(low24)", "\(octets[0]).\(octets[1]).\(low16)",
      "0x\(hex[0]).\(low24)", "\(octal[0]).\(octets[1]).\(low16)",
      "\(octal[0]).0x\(hex[1]).\(octets[2]).\(octets[3])",
      "\(octets[0] + 256).\(octets[1]).\(octets[2]).\(octets[3])",
      "\(dotted).", "\(dotted)..", ".\(dotted)", "\(dotted)%00", "\(dotted)%2e",
      "%31\(dotted.dropFirst())",
      dotted.replacing(".", with: "。"), dotted.replacing(".", with: "．"),
      dotted.replacing(".", with: "｡"),
      String(dotted.map { $0.wholeNumberValue.map { Character(circled[$0]) } ?? $0 }),
      String(
        dotted.map { character in
          guard let digit = character.wholeNumberValue, let scalar = Unicode.Scalar(0xFF10 + digit)
          else { return character }
          return Character(scalar)
        }),
      dotted.map { "%" + String($0.asciiValue ?? 0, radix: 16) }.joined(),
      "[\(dotted)]", "[::ffff:\(dotted)]", "[::FFFF:\(dotted)]", "[::ffff:\(groups)]",
      "[0:0:0:0:0:ffff:\(groups)]", "[::ffff:0:\(groups)]", "[::\(dotted)]", "[::\(groups)]",
      "[64:ff9b::\(dotted)]", "[64:ff9b::\(groups)]", "[64:ff9b:1::\(groups)]",
      "[2002:\(groups)::]",
      "[2002:\(groups)::1]", "[2001::\(teredo)]", "[2001:0:1:2:3:4:\(teredo)]",
      "[2a00::5efe:\(groups)]", "[2a00:1:2:3:200:5efe:\(groups)]", "[::ffff:\(dotted)%25lo]",
    ]
    return plain + [
      "user@\(dotted)", "example.com@\(dotted)", "example.com:80@\(dotted)",
      "example.com%40\(dotted)",
      "\(dotted)@", "\(dotted)\\@example.com", "\(dotted)#@example.com", "\(dotted)\t",
      "\(dotted)%0a",
    ]
  }

  static let others = [
    "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::1]", "[::0001]", "[::1%25lo]", "[::]", "[0::0]",
    "[::%25eth0]",
    "[fe80::1]", "[fe80::1%25eth0]", "[fe80::a9fe:a9fe]", "[fe80::a9fe:a9fe%252]", "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]", "[fd00:ec2::23]", "[FD00:EC2::254]", "[fd20:ce::254]", "[ff02::1]",
    "[ff05::1:3]",
    "[100::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]", "[4000::1]", "[2001:20::1]",
    "[2620:4f:8000::1]",
    "0", "0.0", "00", "0x0", "0x", "127.0.0.1.nip.io@127.0.0.1", "255.255.255.255", "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1", "198.18.0.1", "192.0.0.192", "192.88.99.1", "100.64.0.1", "127.127.127.127",
    "127.0.1.3",
    "localhost.", "localhost%00.example.com", "localhost\r\n.example.com", "loc\talhost",
    "ⓛocalhost",
    "ｌｏｃａｌｈｏｓｔ", "localhost:80:80", "[::1]:80:80", "[::1]x.example.com", "[[::1]]",
  ]

  @Test("no spelling of a forbidden address passes both the parser and the policy")
  func spellings() {
    let hosts = Self.targets.flatMap(Self.spellings) + Self.others
    #expect(Set(hosts).count >= 400)
    for host in hosts {
      for text in ["http://\(host)/", "http://\(host):80/x", "http://\(host)?x", "http://\(host)"] {
        do {
          let url = try OutboundURL(text, rules: OutboundURLTests.lenient)
          guard let literal = url.literal else {
            Issue.record("\(text) was taken for the name \(url.host)")
            continue
          }
          #expect(!AddressPolicy().verdict(on: literal).isAllowed, "\(text)")
        } catch {
          #expect(!"\(error)".isEmpty)
        }
      }
    }
  }

  @Test(
    "the spelling that is the canonical one is read, and denied by the policy, not the parser",
    arguments: ["127.0.0.1", "169.254.169.254", "[::1]", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]"])
  func canonical(host: String) throws {
    let url = try OutboundURL("http://\(host)/", rules: OutboundURLTests.lenient)
    let literal = try #require(url.literal)
    #expect(!AddressPolicy().verdict(on: literal).isAllowed)
  }

  @Test(
    "a name that stands for a forbidden address is refused when it is looked up, and nobody is dialled",
    arguments: targets)
  func names(target: UInt32) async throws {
    let resolver = ClosureResolver { _ in .addresses([.v4(target)]) }
    let result = try await withClient(resolver: resolver) { client in
      await client.send(OutboundRequest(.post, try OutboundURL("https://\(target).nip.io/")))
    }
    guard case .forbiddenAddress(.v4(target), _) = result.failure?.cause else {
      Issue.record("\(result)")
      return
    }
  }
}
