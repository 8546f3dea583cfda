/// Comparison of a C string with bytes.
enum CText {
  /// Whether the text is exactly these bytes.
  static func equals(_ text: UnsafePointer<CChar>, _ bytes: Span<UInt8>) -> Bool {
    for index in 0..<bytes.count {
      // A text shorter than the bytes differs at its own NUL, so nothing behind it is read.
      guard bytes[index] != 0, unsafe UInt8(bitPattern: text[index]) == bytes[index] else {
        return false
      }
    }
    return unsafe text[bytes.count] == 0
  }
}
