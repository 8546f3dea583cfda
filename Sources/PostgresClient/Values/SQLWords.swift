/// The words of a statement in lower case, without comments, quoted text and quoted identifiers.
///
/// Only to guess what a statement written by us does; never to judge SQL of anybody else.
struct SQLWords: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  private var position = 0

  init(_ sql: String) { bytes = Array(sql.utf8) }

  var first: String? {
    var words = self
    return words.next()
  }

  mutating func next() -> String? {
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "-") where peek(1) == UInt8(ascii: "-"):
        skip { $0 != UInt8(ascii: "\n") }
      case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"):
        position += 2
        while let byte = peek(), !(byte == UInt8(ascii: "*") && peek(1) == UInt8(ascii: "/")) {
          position += 1
        }
        position += 2
      case UInt8(ascii: "'"), UInt8(ascii: "\""):
        position += 1
        skip { $0 != byte }
        position += 1
      case _ where Self.isWord(byte):
        let start = position
        skip(while: Self.isWord)
        return String(decoding: bytes[start..<position], as: UTF8.self).lowercased()
      default:
        position += 1
      }
    }
    return nil
  }

  private func peek(_ ahead: Int = 0) -> UInt8? {
    position + ahead < bytes.count ? bytes[position + ahead] : nil
  }

  private mutating func skip(while condition: (UInt8) -> Bool) {
    while let byte = peek(), condition(byte) { position += 1 }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
      true
    default: false
    }
  }
}
