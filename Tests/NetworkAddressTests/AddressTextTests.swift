import Glibc
import NetworkAddress
import Testing

@Suite struct AddressTextTests {
  @Test(
    "an address is written in the one canonical form",
    arguments: [
      ("192.0.2.7", "192.0.2.7"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
      ("::ffff:192.0.2.7", "192.0.2.7"), ("::", "::"), ("0:0:0:0:0:0:0:1", "::1"),
      ("1:0:0:0:0:0:0:0", "1::"), ("2001:DB8::0008:0800:200C:417A", "2001:db8::8:800:200c:417a"),
      // RFC 5952 §4.2.2: one zero group is written out; §4.2.3: the longest run, or the first.
      ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
      ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("::192.0.2.7", "::c000:207"),
    ])
  func canonical(text: String, expected: String) {
    #expect(IPAddress(text)?.description == expected)
  }

  @Test("what is longer than any address is none", arguments: ["1.", ":", "0", "::1 "])
  func long(text: String) {
    #expect(IPAddress(String(repeating: text, count: 100_000)) == nil)
    #expect(throws: CIDRError.self) {
      try CIDRBlock(String(repeating: text, count: 100_000) + "/8")
    }
  }

  @Test("what is written is read again as the same, and the system writes the same")
  func roundTrip() throws {
    var generator = SeededGenerator(state: 3)
    for _ in 0..<5000 {
      var bits: UInt128 = 0
      for _ in 0..<8 {
        let group =
          Bool.random(using: &generator) ? 0 : UInt16.random(in: 0...(.max), using: &generator)
        bits = bits << 16 | UInt128(group)
      }
      // The system writes IPv4-compatible and -mapped addresses with dots.
      guard bits >> 48 != 0 else { continue }
      let address = IPAddress.v6(bits)
      #expect(IPAddress(address.description) == address)
      #expect(address.description == systemText(bits))
      let v4 = IPAddress.v4(UInt32(truncatingIfNeeded: bits))
      #expect(IPAddress(v4.description) == v4)
    }
  }

  private func systemText(_ bits: UInt128) -> String {
    var address = bits.bigEndian
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    inet_ntop(AF_INET6, &address, &text, socklen_t(text.count))
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
