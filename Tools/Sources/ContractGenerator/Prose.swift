/// The text of a proto comment.
enum Prose {
  /// The text without the blank that follows `//`, and without blank lines at the ends.
  static func text(ofComment comment: String) -> String {
    var lines = comment.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      var line = line.hasPrefix(" ") ? line.dropFirst() : line
      while line.last?.isWhitespace == true { line = line.dropLast() }
      return String(line)
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    while lines.first?.isEmpty == true { lines.removeFirst() }
    return lines.joined(separator: "\n")
  }

  /// Lines no wider than `columns`, where words allow. Paragraphs that fit stay as they are; a wider
  /// one is filled anew. Indented lines and list items begin paragraphs of their own.
  static func wrapped(_ text: String, columns: Int) -> [String] {
    guard !text.isEmpty else { return [] }
    return paragraphs(of: text).flatMap { paragraph in
      paragraph.allSatisfy { $0.count <= columns } ? paragraph : filled(paragraph, columns)
    }
  }

  private static func paragraphs(of text: String) -> [[String]] {
    var paragraphs: [[String]] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      let previousIsBlank = paragraphs.last?.last?.isEmpty ?? true
      if previousIsBlank || line.isEmpty || line.hasPrefix(" ") || line.hasPrefix("- ") {
        paragraphs.append([line])
      } else {
        paragraphs[paragraphs.count - 1].append(line)
      }
    }
    return paragraphs
  }

  private static func filled(_ paragraph: [String], _ columns: Int) -> [String] {
    let indent = String(paragraph[0].prefix { $0 == " " })
    var lines: [String] = []
    for word in paragraph.flatMap({ $0.split(separator: " ") }) {
      if let line = lines.last, line.count + 1 + word.count <= columns {
        lines[lines.count - 1] = line + " " + word
      } else {
        lines.append(indent + word)
      }
    }
    return lines
  }
}
