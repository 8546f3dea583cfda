/// One reason why a document is not valid.
package struct Violation: Sendable, Hashable, CustomStringConvertible {
  /// The value it is about, in the document.
  package let instance: JSONPointer
  /// The keyword it does not satisfy, in the schema: behind a reference, where that leads.
  package let schema: JSONPointer
  /// The keyword's name; `false` for the schema that allows nothing and is no keyword's.
  package let keyword: String
  /// English that can follow the name of the value: "must be at most 10". It shows values and names
  /// of the schema and, of the document, nothing but counts.
  package let message: String

  /// As in "/amount must be at most 10".
  package var description: String { sentence(about: "") }

  /// As in "event_data/amount must be at most 10".
  /// - Parameter field: what the document is called.
  package func sentence(about field: String) -> String {
    "\(field)\(Excerpt.cut(instance.text)) \(message)"
  }
}
