/// A place in a JSON document, as RFC 6901 writes it: `/items/0/price`, or nothing for the whole.
///
/// Compared by bytes, as keys are.
package struct JSONPointer: Sendable {
  package private(set) var text: String

  /// The whole document.
  package static let root = JSONPointer(text: "")

  private init(text: String) { self.text = text }

  /// Goes one step down, to a member.
  mutating func append(key: ArraySlice<UInt8>) {
    text.append("/")
    guard key.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
      text.append(String(decoding: key, as: UTF8.self))
      return
    }
    var escaped: [UInt8] = []
    for byte in key {
      switch byte {
      case UInt8(ascii: "~"): escaped.append(contentsOf: "~0".utf8)
      case UInt8(ascii: "/"): escaped.append(contentsOf: "~1".utf8)
      default: escaped.append(byte)
      }
    }
    text.append(String(decoding: escaped, as: UTF8.self))
  }

  /// Goes one step down, to an item.
  mutating func append(index: Int) { text.append("/\(index)") }

  /// The steps of a pointer's text, unescaped; nil when it is none.
  static func tokens(of text: ArraySlice<UInt8>) -> [[UInt8]]? {
    if text.isEmpty { return [] }
    guard text.first == UInt8(ascii: "/") else { return nil }
    var tokens: [[UInt8]] = []
    for part in text.dropFirst().split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    {
      var token: [UInt8] = []
      var rest = part
      while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "~") else {
          token.append(byte)
          continue
        }
        switch rest.popFirst() {
        case UInt8(ascii: "0"): token.append(UInt8(ascii: "~"))
        case UInt8(ascii: "1"): token.append(UInt8(ascii: "/"))
        default: return nil
        }
      }
      tokens.append(token)
    }
    return tokens
  }
}

extension JSONPointer: Hashable {
  package static func == (left: Self, right: Self) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
  }
}

extension JSONPointer: CustomStringConvertible {
  package var description: String { text }
}
