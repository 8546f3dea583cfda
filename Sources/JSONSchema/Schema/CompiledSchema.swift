/// A schema, its keywords checked and its references resolved. Flat: what a schema holds is named
/// by indices.
struct CompiledSchema: Sendable {
  /// The schema as it was written; pointers and the values that messages show come from it.
  let document: JSONDocument
  /// The first is the root.
  let subschemas: [Subschema]
  let resources: [SchemaResource]
  /// The index of the subschema at each place of the tape; -1 where there is none.
  let subschemaOfNode: [Int32]
}

/// A schema inside a schema, or the whole.
struct Subschema: Sendable {
  /// Its place on the schema's tape.
  let node: Int
  /// The index of the resource it belongs to.
  var resource: Int
  /// In the order in which they are applied.
  var keywords: [Keyword] = []
  /// Whether it has a keyword that asks which members or items others have looked at.
  var hasUnevaluated = false
}

/// A schema that has a URI of its own (core §4.3.5): the root, and what has an `$id`.
struct SchemaResource: Sendable {
  let uri: URIReference
  /// The index of its root.
  let root: Int
  /// Subschemas by their `$anchor` or `$dynamicAnchor`.
  var anchors: [[UInt8]: Int] = [:]
  /// Subschemas by their `$dynamicAnchor`.
  var dynamicAnchors: [[UInt8]: Int] = [:]
}
