extension Validator {
  /// Goes on with a keyword that looks at an object's members one after the other.
  mutating func member(_ keyword: Keyword) throws(ValidationError) -> Descent? {
    let top = frames.count - 1
    let end = document.end(of: frames[top].instance)
    while frames[top].next < end {
      try budget.spend(1)
      let (key, position) = (frames[top].next, frames[top].done)
      if let schema = try schema(for: key, keyword) {
        // What is applied to a name looks at no member.
        if case .propertyNames = keyword.rule {
          return Descent(schema: schema, instance: key, position: position, isLoud: false)
        }
        return Descent(
          schema: schema, instance: key + 1, position: position, isLoud: frames[top].isLoud)
      }
    }
    return nil
  }

  /// The schema that a keyword has for a member, and goes past it; nil when it has none, or no
  /// more.
  private mutating func schema(
    for key: Int, _ keyword: Keyword
  ) throws(ValidationError) -> Int? {
    let top = frames.count - 1
    if case .patternProperties(let patterns) = keyword.rule {
      while frames[top].inner < patterns.count {
        let (pattern, schema) = patterns[frames[top].inner]
        frames[top].inner += 1
        if try pattern.matches(utf8: document.utf8(of: key), &budget) { return schema }
      }
    }
    let position = frames[top].done
    frames[top].next = document.end(of: key + 1)
    (frames[top].done, frames[top].inner) = (position + 1, 0)
    switch keyword.rule {
    case .properties(let object): return try schema(of: object, for: key)
    case .additionalProperties(let other, let properties, let patterns):
      if let properties, try schema(of: properties, for: key) != nil { return nil }
      for pattern in patterns
      where try pattern.matches(utf8: document.utf8(of: key), &budget) { return nil }
      return other
    case .propertyNames(let name): return name
    case .unevaluatedProperties(let other):
      return frames[top].children.contains(position) ? nil : other
    default: return nil
    }
  }

  private mutating func schema(
    of properties: Int, for key: Int
  ) throws(ValidationError) -> Int? {
    let name = document.utf8(of: key)
    try budget.spend(text: name.count)
    return schema.document.value(of: name, in: properties).map { Int(schema.subschemaOfNode[$0]) }
  }
}
