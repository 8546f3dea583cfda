/// A number of a JSON text, exactly: `1`, `1.0` and `10e-1` are equal, `0.1` is a tenth, and no
/// number is rounded. Compared and hashed in time in proportion to its digits, whatever the
/// exponent.
package struct JSONNumber: Sendable {
  /// The largest exponent, of either sign, that a number may be written with. A document with a
  /// larger one is refused (``JSONError/Reason/numberOutOfRange``).
  package static let maxExponent = 999_999_999
  static let maxExponentDigits = 9

  package let isNegative: Bool
  /// From the first digit that is not zero to the last one; a point may stand between. Empty: zero.
  let digits: ArraySlice<UInt8>
  /// Digits without the point.
  let digitCount: Int
  /// The power of ten of the last digit.
  let exponent: Int

  /// - Parameter text: follows the grammar of RFC 8259 §6 and the bound of the exponent.
  init(validated text: ArraySlice<UInt8>) {
    var rank = 0
    var integerDigits: Int?
    var first: (index: Int, rank: Int)?
    var last: (index: Int, rank: Int)?
    var explicit = 0
    var index = text.startIndex
    while index < text.endIndex {
      switch text[index] {
      case UInt8(ascii: "-"), UInt8(ascii: "+"): break
      case UInt8(ascii: "."): integerDigits = rank
      case UInt8(ascii: "e"), UInt8(ascii: "E"):
        explicit = Self.exponent(text[(index + 1)...])
        index = text.endIndex - 1
      case let digit:
        if digit != UInt8(ascii: "0") {
          first = first ?? (index, rank)
          last = (index, rank)
        }
        rank += 1
      }
      index += 1
    }
    guard let first, let last else {
      (isNegative, digits, digitCount, exponent) = (false, [], 0, 0)
      return
    }
    isNegative = text.first == UInt8(ascii: "-")
    digits = text[first.index...last.index]
    digitCount = last.rank - first.rank + 1
    exponent = (integerDigits ?? rank) - 1 - last.rank + explicit
  }

  private static func exponent(_ text: ArraySlice<UInt8>) -> Int {
    let isNegative = text.first == UInt8(ascii: "-")
    var value = 0
    for byte in text where byte >= UInt8(ascii: "0") {
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return isNegative ? -value : value
  }

  package var isZero: Bool { digitCount == 0 }

  /// Whether it has no fraction: `1.0` and `1e400` are integers.
  package var isInteger: Bool { exponent >= 0 }

  /// The value of a whole number that is not negative, `Int.max` when that is too small to hold it;
  /// nil for any other.
  package var clampedCount: Int? {
    guard !isNegative, isInteger else { return nil }
    guard digitCount + exponent <= 18 else { return .max }
    var value = significantDigits.reduce(0) { $0 * 10 + Int($1) }
    for _ in 0..<exponent { value *= 10 }
    return value
  }

  /// The values of the digits, 0 to 9.
  var significantDigits: some Sequence<UInt8> {
    digits.lazy.filter { $0 != UInt8(ascii: ".") }.map { $0 - UInt8(ascii: "0") }
  }
}

extension JSONNumber: Comparable, Hashable {
  package static func == (left: Self, right: Self) -> Bool {
    left.isNegative == right.isNegative && left.digitCount == right.digitCount
      && left.exponent == right.exponent
      && left.significantDigits.elementsEqual(right.significantDigits)
  }

  package static func < (left: Self, right: Self) -> Bool {
    if left.isNegative != right.isNegative { return left.isNegative }
    return left.isNegative ? right.isSmaller(than: left) : left.isSmaller(than: right)
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(isNegative)
    hasher.combine(exponent)
    hasher.combine(digitCount)
    for digit in significantDigits { hasher.combine(digit) }
  }

  /// Compares without the signs.
  private func isSmaller(than other: Self) -> Bool {
    guard !isZero, !other.isZero else { return isZero && !other.isZero }
    let (order, otherOrder) = (digitCount + exponent, other.digitCount + other.exponent)
    if order != otherOrder { return order < otherOrder }
    // Both last digits are not zero, so of two that agree the longer one is larger.
    return significantDigits.lexicographicallyPrecedes(other.significantDigits)
  }
}
