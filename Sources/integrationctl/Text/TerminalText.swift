/// Text from elsewhere, as a terminal may show it.
///
/// What a terminal would obey (control characters) and what would reorder or hide text (format
/// characters, line and paragraph separators) is escaped, as in `\u{1b}`, so that nobody can write
/// to the terminal through a name, a header or a body.
enum TerminalText {
  /// The text on one line: line breaks and tabs are escaped too.
  static func line(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isObeyed) else { return text }
    return text.unicodeScalars.reduce(into: "") { line, scalar in
      if isObeyed(scalar) {
        line += escape(scalar)
      } else {
        line.unicodeScalars.append(scalar)
      }
    }
  }

  /// The lines of the text. Tabs stay; a carriage return before a line feed belongs to it, and a
  /// line feed at the end begins no other line.
  static func lines(_ text: String) -> [String] {
    var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { line in
      (line.last == "\r" ? line.dropLast() : line)
        .split(separator: "\t", omittingEmptySubsequences: false)
        .map { TerminalText.line(String($0)) }.joined(separator: "\t")
    }
  }

  /// Whether a terminal would do something else than show the character.
  static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    default: "\\u{\(String(scalar.value, radix: 16))}"
    }
  }
}
