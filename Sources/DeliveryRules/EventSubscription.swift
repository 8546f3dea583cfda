/// Which events a webhook gets: one type, all types below a prefix, or everything.
///
/// A prefix is whole segments: `payment.*` matches `payment.captured` and `payment.card.captured`,
/// neither `payment` nor `payments.captured`.
package enum EventSubscription: Sendable, Hashable {
  case exact(EventTypeName)
  /// Every type that goes on after this name and a dot.
  case prefix(EventTypeName)
  case everything

  static let everythingText = "*"
  static let prefixEnding = ".*"

  /// Reads `payment.captured`, `payment.*` or `*`, at most 128 characters.
  /// - Throws: ``EventNameError``.
  package init(_ text: String) throws(EventNameError) {
    if text.utf8.elementsEqual(Self.everythingText.utf8) {
      self = .everything
      return
    }
    guard EventTypeName.lengths.contains(text.utf8.count) else {
      throw .length(text.utf8.count)
    }
    let ending = text.utf8.suffix(Self.prefixEnding.utf8.count)
    if ending.elementsEqual(Self.prefixEnding.utf8) {
      let name = text.utf8.dropLast(ending.count)
      guard !name.isEmpty else { throw .emptySegment }
      self = .prefix(try EventTypeName(String(Substring(name))))
    } else {
      self = .exact(try EventTypeName(text))
    }
  }

  /// What ``init(_:)`` reads.
  package var text: String {
    switch self {
    case .exact(let name): name.text
    case .prefix(let name): name.text + Self.prefixEnding
    case .everything: Self.everythingText
    }
  }

  package func matches(_ name: EventTypeName) -> Bool {
    switch self {
    case .exact(let exact): exact == name
    case .prefix(let prefix):
      name.text.utf8.starts(with: prefix.text.utf8)
        && name.text.utf8.dropFirst(prefix.text.utf8.count).first == UInt8(ascii: ".")
    case .everything: true
    }
  }
}

extension EventSubscription: CustomStringConvertible {
  package var description: String { text }
}
