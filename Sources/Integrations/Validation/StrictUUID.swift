package import FoundationEssentials

extension UUID {
  /// All zeroes.
  package static let nilUUID = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

  // By hand, because Foundation asks sscanf and snprintf, and ids are in every call.

  /// Reads `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, hexadecimal of either case, and no other form
  /// (RFC 9562 §4).
  package init?(strict text: String) {
    let text = text.utf8.span
    guard text.count == 36 else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for index in text.indices {
      if Self.isHyphen(at: index) {
        guard text[index] == UInt8(ascii: "-") else { return nil }
      } else {
        guard let digit = Self.value(ofDigit: text[index]) else { return nil }
        high = high << 4 | low >> 60
        low = low << 4 | digit
      }
    }
    func byte(_ half: UInt64, _ rank: UInt64) -> UInt8 {
      UInt8(truncatingIfNeeded: half >> (56 - 8 * rank))
    }
    self.init(
      uuid: (
        byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3), byte(high, 4), byte(high, 5),
        byte(high, 6), byte(high, 7), byte(low, 0), byte(low, 1), byte(low, 2), byte(low, 3),
        byte(low, 4), byte(low, 5), byte(low, 6), byte(low, 7)
      ))
  }

  /// Lower case, as the contract writes ids.
  package var text: String {
    let (high, low) = halves
    // The digits that are still to be written, the next one at the top.
    var (digits, rest) = (high, low)
    let text = InlineArray<36, UInt8> { index in
      if Self.isHyphen(at: index) { return UInt8(ascii: "-") }
      defer { (digits, rest) = (digits << 4 | rest >> 60, rest << 4) }
      return Self.digit(UInt8(truncatingIfNeeded: digits >> 60))
    }
    // ASCII is UTF-8.
    guard let text = try? UTF8Span(validating: text.span) else { return uuidString.lowercased() }
    return String(copying: text)
  }

  /// The sixteen bytes as two numbers, the first byte at the top of the first.
  private var halves: (high: UInt64, low: UInt64) {
    let u = uuid
    func half(
      _ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, _ e: UInt8, _ f: UInt8, _ g: UInt8, _ h: UInt8
    ) -> UInt64 {
      let high = UInt64(a) << 56 | UInt64(b) << 48 | UInt64(c) << 40 | UInt64(d) << 32
      return high | UInt64(e) << 24 | UInt64(f) << 16 | UInt64(g) << 8 | UInt64(h)
    }
    return (
      half(u.0, u.1, u.2, u.3, u.4, u.5, u.6, u.7),
      half(u.8, u.9, u.10, u.11, u.12, u.13, u.14, u.15)
    )
  }

  private static func isHyphen(at index: Int) -> Bool {
    index == 8 || index == 13 || index == 18 || index == 23
  }

  private static func value(ofDigit digit: UInt8) -> UInt64? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(digit - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(digit - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(digit - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
  }
}

extension UUID {
  /// The sixteen bytes, in the order of the text.
  package var bytes: [UInt8] {
    let u = uuid
    return [
      u.0, u.1, u.2, u.3, u.4, u.5, u.6, u.7, u.8, u.9, u.10, u.11, u.12, u.13, u.14, u.15,
    ]
  }

  /// - Precondition: there are sixteen bytes.
  package init(bytes b: [UInt8]) {
    precondition(b.count == 16, "a UUID has 16 bytes")
    self.init(
      uuid: (
        b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
        b[14], b[15]
      ))
  }
}
