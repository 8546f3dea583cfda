/// Base64 (RFC 4648): read in both alphabets, with or without padding; written in the standard one.
enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// Appends the bytes as text with padding.
  static func append(_ bytes: UnsafeBufferPointer<UInt8>, to text: inout [UInt8]) {
    var at = 0
    while at < bytes.count {
      let left = bytes.count - at
      var group = UInt32(unsafe bytes[at]) << 16
      if left > 1 { group |= UInt32(unsafe bytes[at + 1]) << 8 }
      if left > 2 { group |= UInt32(unsafe bytes[at + 2]) }
      text.append(alphabet[Int(group >> 18)])
      text.append(alphabet[Int(group >> 12 & 63)])
      text.append(left > 1 ? alphabet[Int(group >> 6 & 63)] : UInt8(ascii: "="))
      text.append(left > 2 ? alphabet[Int(group & 63)] : UInt8(ascii: "="))
      at += 3
    }
  }

  /// Writes the bytes a text stands for over the text itself.
  /// - Returns: How many they are; nil when the text is not base64 or leaves bits over.
  static func decode(inPlace text: UnsafeMutableBufferPointer<UInt8>) -> Int? {
    var length = text.count
    var padding = 0
    while length > 0, padding < 2, unsafe text[length - 1] == UInt8(ascii: "=") {
      length -= 1
      padding += 1
    }
    guard padding == 0 || text.count % 4 == 0, length % 4 != 1 else { return nil }
    var written = 0
    var bits: UInt32 = 0
    var held: UInt32 = 0
    for index in 0..<length {
      guard let value = value(of: unsafe text[index]) else { return nil }
      bits = bits << 6 | value
      held += 6
      if held >= 8 {
        held -= 8
        unsafe text[written] = UInt8(truncatingIfNeeded: bits >> held)
        written += 1
      }
    }
    return bits & (1 << held - 1) == 0 ? written : nil
  }

  private static func value(of byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - 65)
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - 71)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte + 4)
    case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
    case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
    default: nil
    }
  }
}
