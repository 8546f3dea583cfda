extension SchemaCompiler {
  /// The rule of a keyword that applies other schemas (core §10 and §11); nil for other keywords,
  /// and for those that only hold schemas or say more about a neighbour.
  mutating func applicator(
    _ name: String, at node: Int, of index: Int
  ) throws(SchemaError) -> Rule? {
    switch name {
    case "allOf": return .allOf(try schemas(at: node, of: index))
    case "anyOf": return .anyOf(try schemas(at: node, of: index))
    case "oneOf": return .oneOf(try schemas(at: node, of: index))
    case "not": return .not(try schema(at: node, of: index))
    case "if":
      return .condition(
        if: try schema(at: node, of: index), then: try neighbour("then", of: index),
        else: try neighbour("else", of: index))
    case "then", "else":
      _ = try schema(at: node, of: index)
      return nil
    case "prefixItems": return .prefixItems(try schemas(at: node, of: index))
    case "items", "additionalItems": return try items(name, at: node, of: index)
    case "contains":
      return .contains(
        try schema(at: node, of: index), min: try count(of: "minContains", of: index) ?? 1,
        max: try count(of: "maxContains", of: index) ?? .max)
    case "minContains", "maxContains":
      _ = try count(at: node)
      return nil
    case "unevaluatedItems": return .unevaluatedItems(try schema(at: node, of: index))
    case "properties":
      _ = try namedSchemas(at: node, of: index)
      return .properties(object: node)
    case "patternProperties": return .patternProperties(try patterns(at: node, of: index))
    case "additionalProperties":
      let properties = document.value(of: "properties", in: subschemas[index].node)
      let patterns = document.value(of: "patternProperties", in: subschemas[index].node)
      if let properties { _ = try object(at: properties) }
      return .additionalProperties(
        try schema(at: node, of: index), besides: properties,
        patterns: try patterns.map { (node) throws(SchemaError) in
          try self.patterns(at: node, of: index).map(\.pattern)
        } ?? [])
    case "propertyNames": return .propertyNames(try schema(at: node, of: index))
    case "dependentSchemas": return .dependentSchemas(try namedSchemas(at: node, of: index))
    case "unevaluatedProperties": return .unevaluatedProperties(try schema(at: node, of: index))
    case "$defs", "definitions":
      _ = try namedSchemas(at: node, of: index)
      return nil
    default: return nil
    }
  }

  /// `dependencies` of draft-07, which became two keywords. The metaschema of 2020-12 still
  /// describes it, as deprecated, and to ignore it would let wrong documents pass.
  mutating func dependencies(at node: Int, of index: Int) throws(SchemaError) -> [Rule] {
    var required: [(name: Int, required: [Int])] = []
    var schemas: [(name: Int, schema: Int)] = []
    for key in try object(at: node) {
      if document.nodes[key + 1].kind == .array {
        required.append((key, try names(at: key + 1)))
      } else {
        schemas.append((key, try schema(at: key + 1, of: index)))
      }
    }
    return [.dependentRequired(required), .dependentSchemas(schemas)]
  }

  /// In draft-07 an array in `items` is what `prefixItems` became, and `additionalItems`, which is
  /// of no account otherwise, what `items` became.
  private mutating func items(
    _ name: String, at node: Int, of index: Int
  ) throws(SchemaError) -> Rule? {
    let schema = subschemas[index].node
    if dialect == .draft07 {
      let tuple = document.value(of: "items", in: schema).filter {
        document.nodes[$0].kind == .array
      }
      if name == "items", tuple == node {
        // Unlike prefixItems it may be empty.
        return document.nodes[node].count == 0
          ? nil : .prefixItems(try schemas(at: node, of: index))
      }
      if name == "additionalItems" {
        let rest = try self.schema(at: node, of: index)
        return tuple.map { .items(rest, first: Int(document.nodes[$0].count)) }
      }
    }
    guard name == "items" else { return nil }
    let prefix = document.value(of: "prefixItems", in: schema)
    let first = try prefix.map { (node) throws(SchemaError) in try list(at: node).count }
    return .items(try self.schema(at: node, of: index), first: first ?? 0)
  }

  private mutating func patterns(
    at node: Int, of index: Int
  ) throws(SchemaError) -> [(pattern: Pattern, schema: Int)] {
    if let known = patternLists[node] { return known }
    var patterns: [(pattern: Pattern, schema: Int)] = []
    for key in try object(at: node) {
      let pattern = try pattern(document.utf8(of: key), at: key)
      patterns.append((pattern, try schema(at: key + 1, of: index)))
    }
    patternLists[node] = patterns
    return patterns
  }

  private mutating func neighbour(
    _ name: StaticString, of index: Int
  ) throws(SchemaError) -> Int? {
    guard let node = document.value(of: name, in: subschemas[index].node) else { return nil }
    return try schema(at: node, of: index)
  }

  private func count(of name: StaticString, of index: Int) throws(SchemaError) -> Int? {
    guard let node = document.value(of: name, in: subschemas[index].node) else { return nil }
    return try count(at: node)
  }
}

extension Optional {
  /// Nil also when the value is not wanted.
  fileprivate func filter(_ isWanted: (Wrapped) -> Bool) -> Wrapped? {
    flatMap { isWanted($0) ? $0 : nil }
  }
}
