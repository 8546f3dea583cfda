/// Which control characters a text for people may hold.
package enum TextRule: Sendable {
  /// One line: none at all.
  case line
  /// Several lines: line feed, carriage return and tab.
  case lines

  /// Whether a text breaks the rule. Looks at scalars: "\r\n" is one `Character`.
  package func refuses(_ text: String) -> Bool {
    text.unicodeScalars.contains { scalar in
      switch scalar.value {
      case 0x09, 0x0A, 0x0D: self == .line
      case 0...0x1F, 0x7F...0x9F: true
      // Line and paragraph separator, and the marks that reorder what a reader sees.
      case 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
      default: false
      }
    }
  }
}
