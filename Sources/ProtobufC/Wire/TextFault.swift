/// What keeps bytes from being the text of a `string` field.
enum TextFault {
  case holdsNUL
  case notUTF8

  /// The first fault, nil for good text. UTF-8 as in RFC 3629: no surrogates, no overlong forms,
  /// nothing above U+10FFFF.
  static func first(in bytes: UnsafePointer<UInt8>, count: Int) -> TextFault? {
    var at = 0
    while at < count {
      while count &- at >= 8, unsafe isPlain(bytes + at) { at &+= 8 }
      // The last bytes together with some that were seen before.
      if count &- at < 8, count >= 8, unsafe isPlain(bytes + (count &- 8)) { return nil }
      guard at < count else { break }
      let first = unsafe bytes[at]
      if first < 0x80 {
        if first == 0 { return .holdsNUL }
        at &+= 1
        continue
      }
      let length = unsafe sequenceLength(bytes + at, left: count &- at)
      if length == 0 { return .notUTF8 }
      at &+= length
    }
    return nil
  }

  /// Whether the eight bytes are ASCII and none is NUL.
  @inline(__always)
  private static func isPlain(_ bytes: UnsafePointer<UInt8>) -> Bool {
    let word = unsafe UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self)
    // The high bit of a byte is set by a byte above 0x7F, and by one that borrows for its 1: NUL.
    return (word | (word &- 0x0101_0101_0101_0101)) & 0x8080_8080_8080_8080 == 0
  }

  /// Bytes of the well-formed sequence that begins with a byte above 0x7F, 0 when there is none
  /// (Unicode, table 3-7).
  private static func sequenceLength(_ bytes: UnsafePointer<UInt8>, left: Int) -> Int {
    let first = unsafe bytes[0]
    let second: ClosedRange<UInt8>
    let length: Int
    switch first {
    case 0xC2...0xDF: (second, length) = (0x80...0xBF, 2)
    case 0xE0: (second, length) = (0xA0...0xBF, 3)
    case 0xED: (second, length) = (0x80...0x9F, 3)
    case 0xE1...0xEF: (second, length) = (0x80...0xBF, 3)
    case 0xF0: (second, length) = (0x90...0xBF, 4)
    case 0xF1...0xF3: (second, length) = (0x80...0xBF, 4)
    case 0xF4: (second, length) = (0x80...0x8F, 4)
    default: return 0
    }
    guard left >= length, unsafe second.contains(bytes[1]) else { return 0 }
    for index in 2..<max(length, 2) where unsafe bytes[index] & 0xC0 != 0x80 { return 0 }
    return length
  }
}
