/// Numbers of a fixed width in the digits `0-9A-Za-z`, most significant first.
///
/// The digits are in ASCII order, so texts of one width sort as the numbers they stand for.
package enum Base62 {
  /// Digits that 32 bytes need: 62^43 is the first power above 2^256.
  package static let digitsOf32Bytes = 43
  /// Digits that a 32-bit number needs: 62^6 is the first power above 2^32.
  package static let digitsOfUInt32 = 6
  /// 2^256 - 1: a text of 43 digits that sorts after it stands for no 32 bytes.
  package static let largest32Bytes = Array("yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1".utf8)

  private static let alphabet = Array(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

  package static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: false
    }
  }

  /// Writes a number, the least significant limb first, as `width` digits; digits that do not fit
  /// are lost, so `width` must be one of the constants above. `limbs` ends as zeros.
  package static func append(_ limbs: inout [UInt32], width: Int, to text: inout [UInt8]) {
    let start = text.count
    for _ in 0..<width {
      var remainder: UInt64 = 0
      for index in limbs.indices.reversed() {
        let value = remainder << 32 | UInt64(limbs[index])
        limbs[index] = UInt32(truncatingIfNeeded: value / 62)
        remainder = value % 62
      }
      text.append(alphabet[Int(remainder)])
    }
    text[start...].reverse()
  }
}
