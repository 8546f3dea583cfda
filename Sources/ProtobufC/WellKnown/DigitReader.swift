/// Reads digits and marks from the front of a text.
@safe
struct DigitReader {
  private let text: UnsafeBufferPointer<UInt8>
  private var at = 0

  init(_ text: UnsafeBufferPointer<UInt8>) {
    unsafe self.text = unsafe text
  }

  var isAtEnd: Bool { unsafe at == text.count }

  mutating func take(_ mark: Unicode.Scalar) -> Bool {
    guard !isAtEnd, unsafe text[at] == UInt8(ascii: mark) else { return false }
    at += 1
    return true
  }

  /// Exactly `count` digits.
  mutating func number(_ count: Int) -> Int? {
    var value = 0
    for _ in 0..<count {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  /// One to twelve digits: what a span of seconds can have.
  mutating func wholeSeconds() -> Int64? {
    var value: Int64 = 0
    var count = 0
    while let digit = digit() {
      value = value * 10 + Int64(digit)
      count += 1
      guard count <= 12 else { return nil }
    }
    return count > 0 ? value : nil
  }

  /// A dot and one to nine digits, in nanoseconds; 0 when there is no dot.
  mutating func fraction() -> Int32? {
    guard take(".") else { return 0 }
    var value: Int32 = 0
    var count = 0
    while let digit = digit() {
      guard count < 9 else { return nil }
      value = value * 10 + Int32(digit)
      count += 1
    }
    guard count > 0 else { return nil }
    for _ in count..<9 { value *= 10 }
    return value
  }

  private mutating func digit() -> Int? {
    guard !isAtEnd, case let byte = unsafe text[at], byte &- 48 < 10 else { return nil }
    at += 1
    return Int(byte) - 48
  }
}
