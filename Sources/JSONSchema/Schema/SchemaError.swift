/// Why a schema is not accepted, and where in it.
package struct SchemaError: Error, Sendable, Equatable {
  package enum Reason: Sendable, Equatable {
    case notJSON(JSONError)
    case tooManySubschemas(limit: Int)
    case patternsTooLarge(maxStates: Int)
    /// `$schema` names neither draft 2020-12 nor draft-07.
    case unknownDialect(String)
    /// What the value of the keyword must be.
    case wrongShape(expected: String)
    case pattern(PatternError)
    /// The schema refers to another document. None is ever fetched, and none is built in.
    case remoteReference(String)
    /// The schema refers to a place of its own that is not there.
    case unresolvedReference(String)
    /// A schema that leads to itself without going into the value: no value could ever be checked.
    case endlessReference
    /// The same `$id`, `$anchor` or `$dynamicAnchor` twice.
    case duplicateIdentifier(String)
    /// An identifier or reference, once it is absolute, is too long.
    case identifierTooLong(maxBytes: Int)
  }

  package let reason: Reason
  /// The keyword, in the schema.
  package let pointer: JSONPointer
}

extension SchemaError: CustomStringConvertible {
  /// Can follow the name of a field that holds a schema: "schema/items/type must be …".
  package var description: String { "\(pointer) \(reason)" }
}

extension SchemaError.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notJSON(let error): "is not acceptable JSON: \(error)"
    case .tooManySubschemas(let limit): "must hold at most \(limit) schemas"
    case .patternsTooLarge(let maxStates):
      "must have simpler patterns: all together may have \(maxStates) states"
    case .unknownDialect(let uri):
      "must be draft 2020-12 or draft-07 of JSON Schema, and is \(Excerpt.quoted(uri))"
    case .wrongShape(let expected): "must be \(expected)"
    case .pattern(let error): "must be a supported regular expression: \(error)"
    case .remoteReference(let uri):
      "must refer to this schema only, and refers to \(Excerpt.quoted(uri))"
    case .unresolvedReference(let reference):
      "must refer to a schema that exists, and refers to \(Excerpt.quoted(reference))"
    case .endlessReference: "must not lead back to itself without going into the value"
    case .duplicateIdentifier(let name): "must be unique, and \(Excerpt.quoted(name)) is not"
    case .identifierTooLong(let maxBytes): "must be at most \(maxBytes) bytes long once absolute"
    }
  }
}
