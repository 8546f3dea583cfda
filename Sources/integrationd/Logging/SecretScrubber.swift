/// Removes what looks like one of our tokens (`sk_...`, `ss_...`) from text on its way to the log.
/// The last line of defence: nothing should put one there.
enum SecretScrubber {
  /// Bytes of a token that may stay: its prefix and environment, to know what it was.
  private static let keptBytes = 8

  static func scrub(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "_")) else { return text }
    let bytes = Array(text.utf8)
    var clean: [UInt8] = []
    clean.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let length = tokenLength(bytes, at: index)
      if length > keptBytes {
        clean += bytes[index..<index + keptBytes]
        clean += "[redacted]".utf8
        index += length
      } else {
        clean.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: clean, as: UTF8.self)
  }

  /// Length of the token that begins at `index`; 0 when none does.
  private static func tokenLength(_ bytes: [UInt8], at index: Int) -> Int {
    guard index + 2 < bytes.count, bytes[index] == UInt8(ascii: "s"),
      bytes[index + 1] == UInt8(ascii: "k") || bytes[index + 1] == UInt8(ascii: "s"),
      bytes[index + 2] == UInt8(ascii: "_"),
      index == 0 || !isWord(bytes[index - 1])
    else { return 0 }
    return bytes[index...].prefix(while: isWord).count
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
