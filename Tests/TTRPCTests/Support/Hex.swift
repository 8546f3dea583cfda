/// Bytes of a text with two hexadecimal digits per byte; `#` starts a comment, spaces do not count.
func hex(_ text: String) -> [UInt8] {
  let digits = text.split(separator: "\n").flatMap { line in
    line.prefix { $0 != "#" }.filter { !$0.isWhitespace }
  }
  precondition(digits.count % 2 == 0, "half a byte")
  return stride(from: 0, to: digits.count, by: 2).map { index in
    guard let byte = UInt8(String(digits[index...index + 1]), radix: 16) else {
      preconditionFailure("not hexadecimal: \(digits[index...index + 1])")
    }
    return byte
  }
}

/// A generator whose numbers are the same in every run.
struct Dice: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 32) }
  }
}
