/// An address in its canonical form: an IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is the IPv4
/// address it stands for.
package enum IPAddress: Sendable, Hashable {
  case v4(UInt32)
  case v6(UInt128)

  /// Reads dotted quads and the forms of RFC 4291 §2.2.
  ///
  /// Refused, because other readers take them for something else or nothing: octets with leading
  /// zeros, fewer than four octets, hexadecimal octets, zone ids (`%eth0`), brackets, spaces.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    if bytes.contains(UInt8(ascii: ":")) {
      guard let bits = Self.v6Bits(bytes[...]) else { return nil }
      self = Self.canonical(bits)
    } else {
      guard let bits = Self.v4Bits(bytes[...]) else { return nil }
      self = .v4(bits)
    }
  }

  private static func canonical(_ bits: UInt128) -> IPAddress {
    bits >> 32 == 0xFFFF ? .v4(UInt32(truncatingIfNeeded: bits)) : .v6(bits)
  }

  /// The 32 bits of a dotted quad.
  static func v4Bits(_ text: ArraySlice<UInt8>) -> UInt32? {
    guard text.count <= 15 else { return nil }
    let octets = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard octets.count == 4 else { return nil }
    var bits: UInt32 = 0
    for octet in octets {
      guard let value = decimal(octet, atMost: 255) else { return nil }
      bits = bits << 8 | UInt32(value)
    }
    return bits
  }

  /// The 128 bits of an IPv6 address, before IPv4-mapped ones are unwrapped.
  static func v6Bits(_ text: ArraySlice<UInt8>) -> UInt128? {
    // An IPv4-mapped address with all its digits.
    guard text.count <= 45 else { return nil }
    guard let gap = firstDoubleColon(in: text) else {
      guard let groups = groups(text, mayEndInV4: true), groups.count == 8 else { return nil }
      return bits(groups)
    }
    let (head, tail) = (text[..<gap], text[(gap + 2)...])
    guard
      let front = head.isEmpty ? [] : groups(head, mayEndInV4: false),
      let back = tail.isEmpty ? [] : groups(tail, mayEndInV4: true),
      front.count + back.count <= 7
    else { return nil }
    return bits(front + Array(repeating: 0, count: 8 - front.count - back.count) + back)
  }

  private static func firstDoubleColon(in text: ArraySlice<UInt8>) -> Int? {
    let colon = UInt8(ascii: ":")
    return zip(text.indices, zip(text, text.dropFirst()))
      .first { $0.1.0 == colon && $0.1.1 == colon }?.0
  }

  private static func bits(_ groups: [UInt16]) -> UInt128 {
    groups.reduce(0) { $0 << 16 | UInt128($1) }
  }

  private static func groups(_ text: ArraySlice<UInt8>, mayEndInV4: Bool) -> [UInt16]? {
    var groups: [UInt16] = []
    let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if mayEndInV4, index == parts.count - 1, part.contains(UInt8(ascii: ".")) {
        guard let v4 = v4Bits(part) else { return nil }
        groups += [UInt16(v4 >> 16), UInt16(v4 & 0xFFFF)]
      } else {
        guard let group = hexadecimal(part) else { return nil }
        groups.append(group)
      }
    }
    return groups
  }

  private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt16? {
    guard (1...4).contains(digits.count) else { return nil }
    var value: UInt16 = 0
    for digit in digits {
      guard let nibble = hexDigit(digit) else { return nil }
      value = value << 4 | UInt16(nibble)
    }
    return value
  }

  /// A decimal number without sign and leading zeros.
  static func decimal(_ digits: ArraySlice<UInt8>, atMost bound: Int) -> Int? {
    guard (1...3).contains(digits.count) else { return nil }
    if digits.count > 1, digits.first == UInt8(ascii: "0") { return nil }
    var value = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return value <= bound ? value : nil
  }
}

/// The value of a hexadecimal digit of either case.
package func hexDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
