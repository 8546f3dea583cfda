/// A value inside a ``JSONDocument``. Cheap to copy: the document is shared.
package struct JSONValue: Sendable {
  package enum Kind: Sendable, Hashable { case null, bool, number, string, array, object }

  let document: JSONDocument
  let node: Int

  package var kind: Kind {
    switch document.nodes[node].kind {
    case .null: .null
    case .false, .true: .bool
    case .number: .number
    case .string: .string
    case .array: .array
    case .object: .object
    }
  }

  /// Nil unless it is a boolean.
  package var bool: Bool? {
    switch document.nodes[node].kind {
    case .true: true
    case .false: false
    default: nil
    }
  }

  /// Nil unless it is a number.
  package var number: JSONNumber? { kind == .number ? document.number(at: node) : nil }

  /// Nil unless it is a string.
  package var string: String? {
    kind == .string ? String(decoding: document.utf8(of: node), as: UTF8.self) : nil
  }

  /// Nil unless it is an array.
  package var items: [JSONValue]? {
    kind == .array
      ? document.items(of: node).map { JSONValue(document: document, node: $0) } : nil
  }

  /// In the order of the text; nil unless it is an object.
  package var members: [(key: String, value: JSONValue)]? {
    guard kind == .object else { return nil }
    return document.keys(of: node).map { key in
      (
        String(decoding: document.utf8(of: key), as: UTF8.self),
        JSONValue(document: document, node: key + 1)
      )
    }
  }

  /// The member with exactly these bytes as its key; nil when there is none, or no object.
  package subscript(key: String) -> JSONValue? {
    guard kind == .object else { return nil }
    return document.value(of: ArraySlice(key.utf8), in: node).map {
      JSONValue(document: document, node: $0)
    }
  }

  /// Where it stands in its document.
  package var pointer: JSONPointer { document.pointer(to: node) }
}

/// Equality is JSON Schema's (core §4.2.2): numbers by value, strings by bytes, objects without
/// order.
extension JSONValue: Hashable {
  package static func == (left: Self, right: Self) -> Bool { JSONEquality.equal(left, right) }

  package func hash(into hasher: inout Hasher) { hasher.combine(JSONEquality.hash(self)) }
}
