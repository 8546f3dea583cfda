/// The JSON text of `google.protobuf.Duration`: decimal seconds and an `s`.
enum SpanOfTime {
  /// The longest span in seconds: about 10,000 years.
  static let maxSeconds: Int64 = 315_576_000_000

  /// Whether the numbers are in range and of one sign.
  static func isValid(seconds: Int64, nanos: Int32) -> Bool {
    (-maxSeconds...maxSeconds).contains(seconds)
      && (-999_999_999...999_999_999).contains(nanos)
      && (seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0))
  }

  /// Reads `1.5s` or `-3s`; nil for any other text and for a span out of range.
  static func parse(_ text: UnsafeBufferPointer<UInt8>) -> (seconds: Int64, nanos: Int32)? {
    var reader = unsafe DigitReader(text)
    let isNegative = reader.take("-")
    guard let seconds = reader.wholeSeconds(), let nanos = reader.fraction(), reader.take("s"),
      reader.isAtEnd, isValid(seconds: seconds, nanos: nanos)
    else { return nil }
    return isNegative ? (-seconds, -nanos) : (seconds, nanos)
  }

  /// Appends the span with 0, 3, 6 or 9 fraction digits; false when it is out of range.
  static func append(seconds: Int64, nanos: Int32, to text: inout [UInt8]) -> Bool {
    guard isValid(seconds: seconds, nanos: nanos) else { return false }
    if seconds < 0 || nanos < 0 { text.append(UInt8(ascii: "-")) }
    text.append(contentsOf: String(seconds.magnitude).utf8)
    CivilTime.appendFraction(abs(nanos), to: &text)
    text.append(UInt8(ascii: "s"))
    return true
  }
}
