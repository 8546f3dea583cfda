/// What `multipleOf` divides by: exact, at most 18 significant digits.
struct Divisor: Sendable {
  static let maxDigits = 18

  private let significand: UInt64
  private let exponent: Int

  /// Nil unless the number is larger than 0 and has at most ``maxDigits`` significant digits.
  init?(_ number: JSONNumber) {
    guard !number.isZero, !number.isNegative, number.digitCount <= Self.maxDigits else {
      return nil
    }
    significand = number.significantDigits.reduce(0) { $0 * 10 + UInt64($1) }
    exponent = number.exponent
  }

  /// Whether `number` is a whole multiple, without rounding, in time in proportion to its digits.
  func divides(_ number: JSONNumber) -> Bool {
    if number.isZero { return true }
    // The last digit of a number is not zero, so it is no multiple of a higher power of ten.
    guard number.exponent >= exponent else { return false }
    // Below 10^18, so that ten times it still fits.
    let remainder = number.significantDigits.reduce(UInt64(0)) {
      ($0 * 10 + UInt64($1)) % significand
    }
    return multiply(remainder, powerOfTen(number.exponent - exponent)) == 0
  }

  private func powerOfTen(_ exponent: Int) -> UInt64 {
    var (result, base, rest) = (1 % significand, 10 % significand, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = multiply(result, base) }
      base = multiply(base, base)
      rest >>= 1
    }
    return result
  }

  /// Both below the significand, so the quotient cannot overflow.
  private func multiply(_ left: UInt64, _ right: UInt64) -> UInt64 {
    significand.dividingFullWidth(left.multipliedFullWidth(by: right)).remainder
  }
}
