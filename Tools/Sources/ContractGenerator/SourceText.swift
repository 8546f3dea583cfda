/// Source code in the making: indented lines, wrapped at 100 columns the way `swift format` wraps.
struct SourceText {
  static let columns = 100

  private(set) var text = ""
  private var depth = 0

  private var room: Int { Self.columns - 2 * depth }

  mutating func line(_ line: String = "") {
    if !line.isEmpty { text += String(repeating: "  ", count: depth) + line }
    text += "\n"
  }

  mutating func indented(_ body: (inout SourceText) throws -> Void) rethrows {
    depth += 1
    try body(&self)
    depth -= 1
  }

  /// `head {`, the body one step further in, `}`; `head {}` around nothing.
  mutating func block(_ head: String, _ body: (inout SourceText) throws -> Void) rethrows {
    let before = text
    line(head + " {")
    let opened = text
    try indented(body)
    if text == opened {
      text = before
      line(head + " {}")
    } else {
      line("}")
    }
  }

  /// A doc comment; nothing for an empty one. Paragraphs too wide for the line are wrapped anew.
  mutating func doc(_ comment: String) {
    for docLine in Prose.wrapped(comment, columns: room - 4) {
      line(docLine.isEmpty ? "///" : "/// " + docLine)
    }
  }

  /// The doc comment of what the contract calls `fullName`.
  mutating func doc(_ comment: String, of fullName: String) {
    doc(comment)
    if !comment.isEmpty { line("///") }
    line("/// `\(fullName)`")
  }

  /// A declaration: `head(a, b)tail` on one line if it fits; else the list on a line of its own if
  /// that fits, else each item on its own line.
  mutating func declaration(_ head: String, _ items: [String], _ tail: String) {
    let whole = items.joined(separator: ", ")
    if head.count + whole.count + tail.count + 2 <= room { return line("\(head)(\(whole))\(tail)") }
    line("\(head)(")
    indented { source in
      if whole.count <= source.room {
        source.line(whole)
      } else {
        for (rank, item) in items.enumerated() {
          source.line(item + (rank < items.count - 1 ? "," : ""))
        }
      }
    }
    line(")\(tail)")
  }

  /// A call: `head(a, b)tail` on one line if it fits, else the arguments on lines of their own.
  mutating func call(_ head: String, _ arguments: [String], _ tail: String = "") {
    let whole = arguments.joined(separator: ", ")
    if head.count + whole.count + tail.count + 2 <= room { return line("\(head)(\(whole))\(tail)") }
    line("\(head)(")
    indented { source in
      var current = arguments.first ?? ""
      for argument in arguments.dropFirst() {
        if current.count + argument.count + tail.count + 4 <= source.room {
          current += ", " + argument
        } else {
          source.line(current + ",")
          current = argument
        }
      }
      source.line("\(current))\(tail)")
    }
  }

  /// `head [`, the elements, `]tail`. A single element has no comma behind it.
  mutating func array<Element>(
    _ head: String, _ elements: [Element], _ tail: String = "",
    _ write: (Element, _ comma: String, inout SourceText) -> Void
  ) {
    line(head + "[")
    indented { source in
      for element in elements { write(element, elements.count > 1 ? "," : "", &source) }
    }
    line("]" + tail)
  }
}
