/// Numbers as JSON writes them (RFC 8259, section 6), read exactly.
enum JSONNumber {
  /// Bytes of the number the text begins with, 0 when it begins with none.
  static func length(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    var at = 0
    if unsafe at < text.count && text[at] == UInt8(ascii: "-") { at += 1 }
    let whole = unsafe digits(text, &at)
    guard whole > 0 else { return 0 }
    // No leading zeros.
    if whole > 1, unsafe text[at - whole] == UInt8(ascii: "0") { return 0 }
    if unsafe at < text.count && text[at] == UInt8(ascii: ".") {
      at += 1
      guard unsafe digits(text, &at) > 0 else { return 0 }
    }
    if unsafe at < text.count && text[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      if unsafe at < text.count
        && (text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-"))
      {
        at += 1
      }
      guard unsafe digits(text, &at) > 0 else { return 0 }
    }
    return at
  }

  private static func digits(_ text: UnsafeBufferPointer<UInt8>, _ at: inout Int) -> Int {
    let start = at
    while at < text.count, unsafe isDigit(text[at]) { at += 1 }
    return at - start
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

  /// The integer that a number is, whatever its spelling (`1e3`, `5.00`); nil when it is none or
  /// has more than 64 bits.
  /// - Parameter text: A whole number token.
  static func integer(_ text: UnsafeBufferPointer<UInt8>) -> (isNegative: Bool, magnitude: UInt64)?
  {
    var magnitude: UInt64 = 0
    // Zeros not yet multiplied in: `1000` and `1.000` hold three.
    var zeros = 0
    var fractionDigits = 0
    var isFraction = false
    var exponent = 0
    let isNegative = unsafe text.first == UInt8(ascii: "-")
    var at = isNegative ? 1 : 0
    while at < text.count {
      let byte = unsafe text[at]
      at += 1
      if byte == UInt8(ascii: ".") {
        isFraction = true
      } else if byte | 0x20 == UInt8(ascii: "e") {
        exponent = unsafe self.exponent(text, at)
        break
      } else {
        if isFraction { fractionDigits += 1 }
        if byte == UInt8(ascii: "0") {
          zeros += 1
          continue
        }
        guard scale(&magnitude, zeros + 1), add(&magnitude, UInt64(byte - 48)) else { return nil }
        zeros = 0
      }
    }
    if magnitude == 0 { return (isNegative, 0) }
    let power = zeros - fractionDigits + exponent
    guard power >= 0, scale(&magnitude, power) else { return nil }
    return (isNegative, magnitude)
  }

  /// The exponent, held within a million: no message is long enough to need more.
  private static func exponent(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    var value = 0
    for index in start..<text.count {
      let byte = unsafe text[index]
      if isDigit(byte) { value = min(value * 10 + Int(byte - 48), 100_000_000) }
    }
    return unsafe text[start] == UInt8(ascii: "-") ? -value : value
  }

  private static func scale(_ magnitude: inout UInt64, _ power: Int) -> Bool {
    if magnitude == 0 { return true }
    guard power < 20 else { return false }
    for _ in 0..<power {
      let (product, overflows) = magnitude.multipliedReportingOverflow(by: 10)
      guard !overflows else { return false }
      magnitude = product
    }
    return true
  }

  private static func add(_ magnitude: inout UInt64, _ digit: UInt64) -> Bool {
    let (sum, overflows) = magnitude.addingReportingOverflow(digit)
    magnitude = sum
    return !overflows
  }

  /// The number as an integer of that type, nil when it is not one.
  static func integer<T: FixedWidthInteger>(
    _ text: UnsafeBufferPointer<UInt8>, as: T.Type
  ) -> T? {
    guard let (isNegative, magnitude) = unsafe integer(text) else { return nil }
    guard isNegative else { return T(exactly: magnitude) }
    if magnitude <= UInt64(Int64.max) { return T(exactly: -Int64(magnitude)) }
    return magnitude == UInt64(Int64.max) + 1 ? T(exactly: Int64.min) : nil
  }

  /// The number nearest to the text, nil when it is too large for the type.
  static func floating<T: LosslessStringConvertible & BinaryFloatingPoint>(
    _ text: UnsafeBufferPointer<UInt8>, as: T.Type
  ) -> T? {
    guard let value = unsafe T(String(decoding: text, as: UTF8.self)), value.isFinite else {
      return nil
    }
    return value
  }
}
