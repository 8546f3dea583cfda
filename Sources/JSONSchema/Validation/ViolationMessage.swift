/// What a keyword found, beyond that it is not satisfied. Names are places on the schema's tape.
enum Detail {
  case none
  case missing(_ name: Int, becauseOf: Int? = nil)
  case positions(Int, Int)
  case matches(Int)
}

extension Keyword {
  /// Values and properties listed in a message.
  private static let maxListed = 8

  /// What must be so, in English that can follow the name of the value.
  func message(_ detail: Detail, in schema: JSONDocument) -> String {
    switch (rule, detail) {
    case (.never, _): "is not allowed"
    case (.type(let types), _): "must be \(types.phrase)"
    case (.const, _): "must be \(written(node, schema))"
    case (.enum, _): choices(schema)
    case (.maximum, _): "must be at most \(written(node, schema))"
    case (.exclusiveMaximum, _): "must be less than \(written(node, schema))"
    case (.minimum, _): "must be at least \(written(node, schema))"
    case (.exclusiveMinimum, _): "must be greater than \(written(node, schema))"
    case (.multipleOf, _): "must be a multiple of \(written(node, schema))"
    case (.maxLength(let limit), _): "must be at most \(count(limit, "character")) long"
    case (.minLength(let limit), _): "must be at least \(count(limit, "character")) long"
    case (.pattern, _): "must match the pattern \(Excerpt.quoted(schema.utf8(of: node)))"
    case (.format(let format), _): "must be \(format.phrase)"
    case (.maxItems(let limit), _): "must have at most \(count(limit, "item"))"
    case (.minItems(let limit), _): "must have at least \(count(limit, "item"))"
    case (.uniqueItems, .positions(let one, let other)):
      "must not have equal items, as those at \(one) and \(other) are"
    case (.contains(_, let min, let max), .matches(let matches)):
      matches < min
        ? "must have at least \(count(min, "item")) as the schema describes"
        : "must have at most \(count(max, "item")) as the schema describes"
    case (.maxProperties(let limit), _): "must have at most \(properties(limit))"
    case (.minProperties(let limit), _): "must have at least \(properties(limit))"
    case (_, .missing(let name, nil)):
      "must have the property \(Excerpt.quoted(schema.utf8(of: name)))"
    case (_, .missing(let name, let other?)):
      "must have the property \(Excerpt.quoted(schema.utf8(of: name))), "
        + "as it has \(Excerpt.quoted(schema.utf8(of: other)))"
    case (.propertyNames, _): "has a name that is not allowed"
    case (.anyOf(let schemas), _):
      schemas.count == 1
        ? "must match the schema's only alternative"
        : "must match one of the schema's \(schemas.count) alternatives"
    case (.oneOf(let schemas), .matches(let matches)):
      "must match exactly one of the schema's \(count(schemas.count, "alternative")), "
        + (matches == 0 ? "and matches none" : "and matches more")
    case (.not, _): "must not be what the schema excludes"
    default: "must satisfy \(name)"
    }
  }

  /// A value of the schema, as JSON.
  private func written(_ value: Int, _ schema: JSONDocument) -> String {
    switch schema.nodes[value].kind {
    case .null: "null"
    case .true: "true"
    case .false: "false"
    case .number: Excerpt.cut(String(decoding: schema.utf8(of: value), as: UTF8.self))
    case .string: Excerpt.quoted(schema.utf8(of: value))
    case .array, .object: "the value that the schema gives"
    }
  }

  private func choices(_ schema: JSONDocument) -> String {
    let values = schema.items(of: node)
    let isSimple = values.allSatisfy { ![.array, .object].contains(schema.nodes[$0].kind) }
    guard !values.isEmpty, values.count <= Self.maxListed, isSimple else {
      return "must be one of the schema's \(count(values.count, "value"))"
    }
    let list = values.map { written($0, schema) }.joined(separator: ", ")
    return values.count == 1 ? "must be \(list)" : "must be one of \(list)"
  }

  private func count(_ number: Int, _ noun: String) -> String {
    number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
  }

  private func properties(_ number: Int) -> String {
    number == 1 ? "1 property" : "\(number) properties"
  }
}
