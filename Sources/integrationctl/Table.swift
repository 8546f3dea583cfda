/// Rows under headings, columns as wide as their widest cell. What a terminal would obey is escaped
/// in every cell; see ``TerminalText``.
struct Table {
  private let headings: [String]
  private var rows: [[String]] = []

  init(_ headings: String...) { self.headings = headings }

  mutating func add(_ cells: String...) { rows.append(cells.map(TerminalText.line)) }

  /// The lines, or `nothing` when there are no rows.
  func text(ifEmpty nothing: String) -> String {
    guard !rows.isEmpty else { return nothing }
    let lines = [headings] + rows
    let widths = headings.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    return lines.map { cells in
      let padded = zip(cells, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count)
      }
      let line = padded.joined(separator: "  ")
      return String(
        line[..<(line.lastIndex { $0 != " " }.map(line.index(after:)) ?? line.startIndex)])
    }.joined(separator: "\n")
  }

  /// Names and values below each other, for one thing.
  static func fields(_ fields: [(name: String, value: String)]) -> String {
    let width = (fields.map(\.name.count).max() ?? 0) + 2
    return fields.map { field in
      let name = field.name + ":"
      return name + String(repeating: " ", count: width - name.count)
        + TerminalText.line(field.value)
    }.joined(separator: "\n")
  }
}
