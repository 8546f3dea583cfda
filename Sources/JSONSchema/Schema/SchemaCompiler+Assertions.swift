extension SchemaCompiler {
  /// The rule of a keyword that looks at a value without other schemas (validation §6); nil for
  /// other keywords, and for those that ask nothing with this value.
  mutating func assertion(_ name: String, at node: Int) throws(SchemaError) -> Rule? {
    switch name {
    case "type": return .type(try types(at: node))
    case "const": return .const(node: node)
    case "enum": return .enum(try values(at: node))
    case "maximum": return .maximum(try number(at: node))
    case "exclusiveMaximum": return .exclusiveMaximum(try number(at: node))
    case "minimum": return .minimum(try number(at: node))
    case "exclusiveMinimum": return .exclusiveMinimum(try number(at: node))
    case "multipleOf":
      guard let divisor = Divisor(try number(at: node)) else {
        throw wrongShape(
          "larger than 0, with at most \(Divisor.maxDigits) significant digits", at: node)
      }
      return .multipleOf(divisor)
    case "maxLength": return .maxLength(try count(at: node))
    case "minLength": return .minLength(try count(at: node))
    case "pattern": return .pattern(try pattern(try string(at: node), at: node))
    case "format":
      let name = String(decoding: try string(at: node), as: UTF8.self)
      guard formats == .asserted, let format = StringFormat(rawValue: name) else { return nil }
      return .format(format)
    case "maxItems": return .maxItems(try count(at: node))
    case "minItems": return .minItems(try count(at: node))
    case "uniqueItems": return try bool(at: node) ? .uniqueItems : nil
    case "maxProperties": return .maxProperties(try count(at: node))
    case "minProperties": return .minProperties(try count(at: node))
    case "required": return .required(try names(at: node))
    case "dependentRequired":
      var dependencies: [(name: Int, required: [Int])] = []
      for key in try object(at: node) { dependencies.append((key, try names(at: key + 1))) }
      return .dependentRequired(dependencies)
    default: return nil
    }
  }

  private func types(at node: Int) throws(SchemaError) -> TypeSet {
    let names =
      document.nodes[node].kind == .string ? [node] : try list(at: node)
    var types = TypeSet()
    for name in names {
      guard let type = TypeSet(name: String(decoding: try string(at: name), as: UTF8.self)),
        types.insert(type).inserted
      else { throw wrongShape("the name of a type, or an array of different ones", at: node) }
    }
    guard !types.isEmpty else { throw wrongShape("at least one type", at: node) }
    return types
  }

  private func values(at node: Int) throws(SchemaError) -> [Int: [Int]] {
    var values: [Int: [Int]] = [:]
    for item in try list(at: node) {
      let hash = JSONEquality.hash(JSONValue(document: document, node: item))
      values[hash, default: []].append(item)
    }
    return values
  }
}
