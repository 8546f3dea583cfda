extension Validator {
  /// Decides keywords that need no other schema. Of the others it knows nothing.
  mutating func check(_ keyword: Keyword, _ instance: Int) throws(ValidationError) {
    let kind = document.nodes[instance].kind
    switch (keyword.rule, kind) {
    case (.never, _): fail(keyword)
    case (.type(let types), _):
      // Whether it is an integer takes reading all of a number.
      if kind == .number { try budget.spend(text: Int(document.nodes[instance].count)) }
      if !types.allows(instance, of: document) { fail(keyword) }
    case (.const(let node), _):
      let expected = JSONValue(document: schema.document, node: node)
      if try !JSONEquality.equal(expected, value(instance), &budget) { fail(keyword) }
    case (.enum(let values), _):
      if try !isOne(of: values, instance) { fail(keyword) }
    case (_, .number): try checkNumber(keyword, instance)
    case (_, .string): try checkString(keyword, instance)
    case (_, .array): try checkArray(keyword, instance)
    case (_, .object): try checkObject(keyword, instance)
    default: break
    }
  }

  private func value(_ node: Int) -> JSONValue { JSONValue(document: document, node: node) }

  private mutating func isOne(
    of values: [Int: [Int]], _ instance: Int
  ) throws(ValidationError) -> Bool {
    let hash = value(instance)
    for node in values[try JSONEquality.hash(hash, &budget)] ?? []
    where try JSONEquality.equal(
      JSONValue(document: schema.document, node: node), hash, &budget)
    {
      return true
    }
    return false
  }

  private mutating func checkNumber(
    _ keyword: Keyword, _ instance: Int
  ) throws(ValidationError) {
    try budget.spend(text: Int(document.nodes[instance].count))
    let number = document.number(at: instance)
    let holds =
      switch keyword.rule {
      case .maximum(let limit): number <= limit
      case .exclusiveMaximum(let limit): number < limit
      case .minimum(let limit): number >= limit
      case .exclusiveMinimum(let limit): number > limit
      case .multipleOf(let divisor): try divides(divisor, number)
      default: true
      }
    if !holds { fail(keyword) }
  }

  private mutating func checkString(
    _ keyword: Keyword, _ instance: Int
  ) throws(ValidationError) {
    let text = document.utf8(of: instance)
    try budget.spend(text: text.count)
    let holds =
      switch keyword.rule {
      case .maxLength(let limit): UTF8Text.count(text) <= limit
      case .minLength(let limit): UTF8Text.count(text) >= limit
      case .pattern(let pattern): try pattern.matches(utf8: text, &budget)
      case .format(let format): try has(format, text)
      default: true
      }
    if !holds { fail(keyword) }
  }

  /// A division for each digit takes longer than looking at it.
  private mutating func divides(
    _ divisor: Divisor, _ number: JSONNumber
  ) throws(ValidationError) -> Bool {
    try budget.spend(text: number.digitCount * 4)
    return divisor.divides(number)
  }

  /// A format goes over its text more than once.
  private mutating func has(
    _ format: StringFormat, _ text: ArraySlice<UInt8>
  ) throws(ValidationError) -> Bool {
    try budget.spend(text: text.count * 4)
    return format.accepts(text)
  }

  private mutating func checkArray(
    _ keyword: Keyword, _ instance: Int
  ) throws(ValidationError) {
    let count = Int(document.nodes[instance].count)
    switch keyword.rule {
    case .maxItems(let limit): if count > limit { fail(keyword) }
    case .minItems(let limit): if count < limit { fail(keyword) }
    case .uniqueItems:
      if let (first, second) = try repetition(in: instance) {
        fail(keyword, .positions(first, second))
      }
    default: break
    }
  }

  /// The positions of two equal items.
  private mutating func repetition(in array: Int) throws(ValidationError) -> (Int, Int)? {
    try budget.spend(Int(document.nodes[array].count))
    let items = document.items(of: array)
    var seen: [Int: [Int]] = [:]
    for (position, item) in items.enumerated() {
      let hash = try JSONEquality.hash(value(item), &budget)
      for other in seen[hash] ?? []
      where try JSONEquality.equal(value(items[other]), value(item), &budget) {
        return (other, position)
      }
      seen[hash, default: []].append(position)
    }
    return nil
  }

  private mutating func checkObject(
    _ keyword: Keyword, _ instance: Int
  ) throws(ValidationError) {
    let count = Int(document.nodes[instance].count)
    switch keyword.rule {
    case .maxProperties(let limit): if count > limit { fail(keyword) }
    case .minProperties(let limit): if count < limit { fail(keyword) }
    case .required(let names):
      for name in names where try !has(name, instance) { fail(keyword, .missing(name)) }
    case .dependentRequired(let dependencies):
      for (name, required) in dependencies where try has(name, instance) {
        for other in required where try !has(other, instance) {
          fail(keyword, .missing(other, becauseOf: name))
        }
      }
    default: break
    }
  }

  /// Whether an object has a member with a name of the schema's.
  mutating func has(_ name: Int, _ object: Int) throws(ValidationError) -> Bool {
    let text = schema.document.utf8(of: name)
    try budget.spend(1)
    try budget.spend(text: text.count)
    return document.value(of: text, in: object) != nil
  }
}
