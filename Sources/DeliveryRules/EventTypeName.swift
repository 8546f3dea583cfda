/// What an event is called, as in `payment.card.captured`: segments of ASCII letters, digits, `_`
/// and `-`, joined by dots; 1 to 128 characters. Case matters.
package struct EventTypeName: Sendable, Hashable {
  /// Characters of a name, and of a subscription.
  package static let lengths = 1...128

  package let text: String

  /// - Throws: ``EventNameError``.
  package init(_ text: String) throws(EventNameError) {
    try Self.check(text.utf8[...])
    self.text = text
  }

  /// The texts of all subscriptions that match this name: itself, its prefixes from the longest to
  /// the shortest, and `*`. A webhook gets the event exactly when its list has one of them.
  package var coveringSubscriptions: [String] {
    var texts = [text]
    var rest = text.utf8[...]
    while let dot = rest.lastIndex(of: UInt8(ascii: ".")) {
      rest = rest[..<dot]
      texts.append(String(Substring(rest)) + EventSubscription.prefixEnding)
    }
    texts.append(EventSubscription.everythingText)
    return texts
  }

  static func check(_ bytes: Substring.UTF8View) throws(EventNameError) {
    guard lengths.contains(bytes.count) else { throw .length(bytes.count) }
    var previous = UInt8(ascii: ".")
    for byte in bytes {
      guard byte == UInt8(ascii: ".") || isSegmentByte(byte) else {
        throw byte == UInt8(ascii: "*") ? .wildcard : .character
      }
      if byte == UInt8(ascii: "."), previous == byte { throw .emptySegment }
      previous = byte
    }
    if previous == UInt8(ascii: ".") { throw .emptySegment }
  }

  private static func isSegmentByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

extension EventTypeName: CustomStringConvertible {
  package var description: String { text }
}
