private import KeyRules

/// Base 64 as RFC 4648 §4 has it, strictly: padded, nothing but the alphabet, unused bits zero.
///
/// One text stands for one byte string and the other way round, so comparing decoded signatures is
/// comparing their texts. No other copy of the bytes is made than the one that is returned.
enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let padding = UInt8(ascii: "=")

  static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      bits <<= UInt32(3 - group.count) * 8
      for digit in 0..<4 {
        text.append(
          digit <= group.count ? alphabet[Int(bits >> UInt32(18 - digit * 6) & 63)] : padding)
      }
    }
    return text
  }

  static func text(_ bytes: [UInt8]) -> String { String(decoding: encode(bytes), as: UTF8.self) }

  /// The bytes that `text` stands for; nil when it is not what ``encode(_:)`` makes.
  static func decode(_ text: Span<UInt8>) -> [UInt8]? {
    guard text.count.isMultiple(of: 4) else { return nil }
    var digits = text.count
    while digits > 0, text.count - digits < 2, text[digits - 1] == padding { digits -= 1 }
    var bytes: [UInt8] = []
    // Never grown, so that no shorter copy of a secret is left behind.
    bytes.reserveCapacity(text.count / 4 * 3)
    var bits: UInt32 = 0
    var held = 0
    for index in 0..<digits {
      guard let value = value(of: text[index]) else {
        wipe(&bytes)
        return nil
      }
      bits = bits << 6 | value
      held += 6
      if held >= 8 {
        held -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
        bits &= (1 << UInt32(held)) - 1
      }
    }
    guard bits == 0 else {
      wipe(&bytes)
      return nil
    }
    return bytes
  }

  private static func value(of digit: UInt8) -> UInt32? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
