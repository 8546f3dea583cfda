/// Reads values of keywords, which must have a certain shape.
extension SchemaCompiler {
  func string(at node: Int) throws(SchemaError) -> ArraySlice<UInt8> {
    guard document.nodes[node].kind == .string else { throw wrongShape("a string", at: node) }
    return document.utf8(of: node)
  }

  func number(at node: Int) throws(SchemaError) -> JSONNumber {
    guard document.nodes[node].kind == .number else { throw wrongShape("a number", at: node) }
    return document.number(at: node)
  }

  /// A whole number from 0; one that is too large for Int counts as the largest, which no length
  /// reaches.
  func count(at node: Int) throws(SchemaError) -> Int {
    guard document.nodes[node].kind == .number,
      let count = document.number(at: node).clampedCount
    else { throw wrongShape("a whole number that is not negative", at: node) }
    return count
  }

  func bool(at node: Int) throws(SchemaError) -> Bool {
    switch document.nodes[node].kind {
    case .true: return true
    case .false: return false
    default: throw wrongShape("a boolean", at: node)
    }
  }

  /// The items of an array.
  func list(at node: Int) throws(SchemaError) -> [Int] {
    guard document.nodes[node].kind == .array else { throw wrongShape("an array", at: node) }
    return document.items(of: node)
  }

  /// The keys of an object.
  func object(at node: Int) throws(SchemaError) -> [Int] {
    guard document.nodes[node].kind == .object else { throw wrongShape("an object", at: node) }
    return document.keys(of: node)
  }

  /// The places of strings that are all different.
  func names(at node: Int) throws(SchemaError) -> [Int] {
    let names = try list(at: node)
    var seen = Set<ArraySlice<UInt8>>()
    for name in names {
      guard seen.insert(try string(at: name)).inserted else {
        throw wrongShape("an array of different strings", at: node)
      }
    }
    return names
  }

  /// At least one schema.
  mutating func schemas(at node: Int, of index: Int) throws(SchemaError) -> [Int] {
    let items = try list(at: node)
    guard !items.isEmpty else { throw wrongShape("an array with at least one schema", at: node) }
    var schemas: [Int] = []
    for item in items { schemas.append(try schema(at: item, of: index)) }
    return schemas
  }

  /// Schemas by name; the names are places of keys.
  mutating func namedSchemas(
    at node: Int, of index: Int
  ) throws(SchemaError) -> [(name: Int, schema: Int)] {
    var schemas: [(name: Int, schema: Int)] = []
    for key in try object(at: node) { schemas.append((key, try schema(at: key + 1, of: index))) }
    return schemas
  }

  /// A schema that stands inside another.
  mutating func schema(at node: Int, of index: Int) throws(SchemaError) -> Int {
    try subschema(at: node, resource: subschemas[index].resource)
  }
}
