internal import JSONSchema

extension JSONPointer {
  /// Scalars that are shown.
  private static var longest: Int { 200 }

  /// For a message. A pointer is made of a caller's own keys: it is cut, and what would break a line is
  /// replaced.
  var shown: String {
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(Self.longest) {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: shown.append("\u{FFFD}")
      default: shown.append(scalar)
      }
    }
    if !text.unicodeScalars.dropFirst(Self.longest).isEmpty { shown.append("…") }
    return String(shown)
  }

  /// What is said of the place, behind its pointer; the whole document has none.
  fileprivate func sentence(_ predicate: String) -> String {
    text.isEmpty ? predicate : "\(shown) \(predicate)"
  }
}

extension JSONError {
  /// Can follow the name of the field that holds the text, as in `/a/0 is not acceptable JSON: ...`.
  var sentence: String {
    pointer.sentence("is not acceptable JSON: \(reason) (byte \(offset))")
  }
}

extension SchemaError {
  /// Can follow the name of the field that holds the schema, as in `/items/type must be ...`.
  var sentence: String {
    if case .notJSON(let error) = reason { return error.sentence }
    return pointer.sentence("\(reason)")
  }
}
