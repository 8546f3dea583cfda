/// Foreign text for a message: in quotes, cut, without characters that would break a line.
enum Excerpt {
  /// Characters shown.
  static let maxScalars = 80

  static func quoted(_ text: String) -> String { "\"\(cut(text))\"" }

  static func quoted(_ text: ArraySlice<UInt8>) -> String {
    // Four bytes are the most a character takes, so this cuts nothing that would be shown.
    quoted(String(decoding: text.prefix(maxScalars * 4 + 4), as: UTF8.self))
  }

  static func cut(_ text: String) -> String {
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(maxScalars) {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: shown.append("\u{fffd}")
      default: shown.append(scalar)
      }
    }
    let isWhole = text.unicodeScalars.dropFirst(maxScalars).isEmpty
    return String(shown) + (isWhole ? "" : "…")
  }
}
