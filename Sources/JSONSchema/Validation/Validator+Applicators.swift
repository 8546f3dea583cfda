/// How each keyword goes through the schemas it applies.
extension Validator {
  /// Goes on with the keyword of the frame on top.
  /// - Returns: the schema to apply next; nil when the keyword is done.
  mutating func apply(_ keyword: Keyword) throws(ValidationError) -> Descent? {
    let top = frames.count - 1
    let instance = frames[top].instance
    let isArray = document.nodes[instance].kind == .array
    let isObject = document.nodes[instance].kind == .object
    switch keyword.rule {
    case .reference(let schema): return list(.loud) { $0 == 0 ? schema : nil }
    case .dynamicReference(let schema, let anchor):
      guard frames[top].done == 0 else { return nil }
      let target = try outermost(anchor) ?? schema
      return list(.loud) { $0 == 0 ? target : nil }
    case .allOf(let schemas): return list(.loud) { $0 < schemas.count ? schemas[$0] : nil }
    case .anyOf, .oneOf, .not, .condition: return logic(keyword)
    case .dependentSchemas(let dependencies):
      guard isObject else { return nil }
      while frames[top].done < dependencies.count {
        let (name, schema) = dependencies[frames[top].done]
        if try has(name, instance) { return list(.loud) { _ in schema } }
        frames[top].done += 1
      }
      return nil
    case .prefixItems(let schemas) where isArray:
      return item { $0 < schemas.count ? schemas[$0] : nil }
    case .items(let schema, let first) where isArray:
      while frames[top].done < first, frames[top].next < document.end(of: instance) {
        try budget.spend(1)
        skip()
      }
      return item { _ in schema }
    case .contains(let schema, let min, let max) where isArray:
      return contained(keyword, schema, min: min, max: max)
    case .unevaluatedItems(let schema) where isArray:
      while frames[top].next < document.end(of: instance),
        frames[top].children.contains(frames[top].done)
      {
        try budget.spend(1)
        skip()
      }
      return item { _ in schema }
    case .properties, .patternProperties, .additionalProperties, .propertyNames,
      .unevaluatedProperties:
      return isObject ? try member(keyword) : nil
    default:
      try check(keyword, instance)
      return nil
    }
  }

  /// Hears how a schema went that the keyword of the frame on top has applied.
  mutating func receive(_ done: Frame) throws(ValidationError) {
    let top = frames.count - 1
    let keyword = schema.subschemas[frames[top].schema].keywords[frames[top].keyword]
    switch keyword.rule {
    case .not: if done.isValid { frames[top].tally += 1 }
    case .anyOf, .oneOf, .contains:
      if done.isValid {
        frames[top].tally += 1
        try adopt(done)
      }
    case .condition where frames[top].done == 1:
      if done.isValid {
        frames[top].tally = 1
        try adopt(done)
      }
    case .propertyNames:
      // The name of a member stands just before its value, whose place the violation is about.
      if !done.isValid { fail(keyword, at: done.instance + 1) }
    default:
      if done.isValid { try adopt(done) } else { frames[top].isValid = false }
    }
  }

  // MARK: The same value

  private enum Voice { case loud, quiet }

  /// The next schema of a list, to be applied to the frame's own value.
  private mutating func list(_ voice: Voice, _ schema: (Int) -> Int?) -> Descent? {
    let top = frames.count - 1
    guard let next = schema(frames[top].done) else { return nil }
    frames[top].done += 1
    return Descent(
      schema: next, instance: frames[top].instance,
      isLoud: frames[top].isLoud && voice == .loud)
  }

  private mutating func logic(_ keyword: Keyword) -> Descent? {
    let top = frames.count - 1
    let (done, tally) = (frames[top].done, frames[top].tally)
    switch keyword.rule {
    case .anyOf(let schemas):
      // All are asked when it matters what they look at.
      let isDecided = tally > 0 && !frames[top].tracksChildren
      if !isDecided, let next = list(.quiet, { $0 < schemas.count ? schemas[$0] : nil }) {
        return next
      }
      if tally == 0 { fail(keyword) }
    case .oneOf(let schemas):
      if tally < 2, let next = list(.quiet, { $0 < schemas.count ? schemas[$0] : nil }) {
        return next
      }
      if tally != 1 { fail(keyword, .matches(tally)) }
    case .not(let schema):
      if done == 0 { return list(.quiet) { _ in schema } }
      if tally > 0 { fail(keyword) }
    case .condition(let test, let then, let otherwise):
      if done == 0 { return list(.quiet) { _ in test } }
      if done == 1, let next = tally == 1 ? then : otherwise { return list(.loud) { _ in next } }
    default: break
    }
    return nil
  }

  /// The outermost `$dynamicAnchor` of that name among the resources being applied (core §8.2.3.2).
  private mutating func outermost(_ anchor: [UInt8]) throws(ValidationError) -> Int? {
    try budget.spend(frames.count / 16)
    var last = -1
    for frame in frames {
      let resource = schema.subschemas[frame.schema].resource
      if resource == last { continue }
      try budget.spend(2)
      try budget.spend(text: anchor.count)
      if let target = schema.resources[resource].dynamicAnchors[anchor] { return target }
      last = resource
    }
    return nil
  }

  // MARK: Items

  /// The schema for the next item, as long as there is one.
  private mutating func item(_ schema: (Int) -> Int?) -> Descent? {
    let top = frames.count - 1
    let frame = (next: frames[top].next, done: frames[top].done)
    guard frame.next < document.end(of: frames[top].instance), let schema = schema(frame.done)
    else { return nil }
    skip()
    return Descent(
      schema: schema, instance: frame.next, position: frame.done, isLoud: frames[top].isLoud)
  }

  /// Goes past an item.
  private mutating func skip() {
    let top = frames.count - 1
    frames[top].next = document.end(of: frames[top].next)
    frames[top].done += 1
  }

  private mutating func contained(
    _ keyword: Keyword, _ schema: Int, min: Int, max: Int
  ) -> Descent? {
    let top = frames.count - 1
    let tally = frames[top].tally
    let isDecided = tally >= min && max == .max && !frames[top].tracksChildren
    if !isDecided, tally <= max, var next = item({ _ in schema }) {
      next.isLoud = false
      return next
    }
    if tally < min || tally > max { fail(keyword, .matches(tally)) }
    return nil
  }
}
