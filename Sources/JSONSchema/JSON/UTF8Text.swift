/// UTF-8 (RFC 3629), byte by byte.
enum UTF8Text {
  /// The length of the well-formed sequence of two to four bytes at `index`; nil when there is
  /// none: overlong forms, surrogates and what lies beyond U+10FFFF are not well-formed (Unicode
  /// 15.0, table 3-7).
  static func sequenceLength(at index: Int, in bytes: Span<UInt8>) -> Int? {
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xbf
    switch bytes[index] {
    case 0xc2...0xdf: length = 2
    case 0xe0: (length, second) = (3, 0xa0...0xbf)
    case 0xed: (length, second) = (3, 0x80...0x9f)
    case 0xe1...0xef: length = 3
    case 0xf0: (length, second) = (4, 0x90...0xbf)
    case 0xf1...0xf3: length = 4
    case 0xf4: (length, second) = (4, 0x80...0x8f)
    default: return nil
    }
    guard bytes.count - index >= length, second ~= bytes[index + 1] else { return nil }
    for next in (index + 2)..<(index + length) where bytes[next] & 0xc0 != 0x80 { return nil }
    return length
  }

  static func append(_ scalar: UInt32, to text: inout OutputSpan<UInt8>) {
    switch scalar {
    case ..<0x80: text.append(UInt8(scalar))
    case ..<0x800:
      text.append(UInt8(0xc0 | scalar >> 6))
      text.append(tail(scalar, 0))
    case ..<0x10000:
      text.append(UInt8(0xe0 | scalar >> 12))
      text.append(tail(scalar, 6))
      text.append(tail(scalar, 0))
    default:
      text.append(UInt8(0xf0 | scalar >> 18))
      text.append(tail(scalar, 12))
      text.append(tail(scalar, 6))
      text.append(tail(scalar, 0))
    }
  }

  private static func tail(_ scalar: UInt32, _ shift: UInt32) -> UInt8 {
    UInt8(0x80 | scalar >> shift & 0x3f)
  }

  /// Takes the next scalar off a well-formed text; nil at its end.
  static func next(_ text: inout ArraySlice<UInt8>) -> UInt32? {
    guard let first = text.popFirst() else { return nil }
    if first < 0x80 { return UInt32(first) }
    let length = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3
    var scalar = UInt32(first) & (0x3f >> UInt32(length))
    for _ in 0..<length { scalar = scalar << 6 | UInt32((text.popFirst() ?? 0) & 0x3f) }
    return scalar
  }

  /// The Unicode scalars of a well-formed text.
  static func count(_ text: ArraySlice<UInt8>) -> Int {
    text.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
  }

  static func hexDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A")) + 10
    default: nil
    }
  }
}
