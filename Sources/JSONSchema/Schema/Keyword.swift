/// A keyword of a schema, ready to be applied. A class, as every step of a validation takes one up: to copy
/// a rule took as long as to apply it.
final class Keyword: Sendable {
  /// As it is written; `false` for the schema of that name.
  let name: String
  let rule: Rule
  /// Its value on the schema's tape.
  let node: Int
  /// See ``Rule/comesLast``.
  let comesLast: Bool

  init(name: String, rule: Rule, node: Int) {
    self.name = name
    self.rule = rule
    self.node = node
    comesLast = rule.comesLast
  }
}

/// What a keyword asks. Schemas are indices into ``CompiledSchema/subschemas``; names, values and
/// objects are places on the schema's tape.
enum Rule: Sendable {
  /// The schema `false`.
  case never

  case type(TypeSet)
  case const(node: Int)
  /// Places of the values by their hash.
  case `enum`([Int: [Int]])

  case maximum(JSONNumber)
  case exclusiveMaximum(JSONNumber)
  case minimum(JSONNumber)
  case exclusiveMinimum(JSONNumber)
  case multipleOf(Divisor)

  case maxLength(Int)
  case minLength(Int)
  case pattern(Pattern)
  case format(StringFormat)

  case maxItems(Int)
  case minItems(Int)
  case uniqueItems
  case prefixItems([Int])
  /// - Parameter first: the first index it is for.
  case items(Int, first: Int)
  case contains(Int, min: Int, max: Int)
  case unevaluatedItems(Int)

  case maxProperties(Int)
  case minProperties(Int)
  case required([Int])
  case dependentRequired([(name: Int, required: [Int])])
  /// - Parameter object: the object of schemas.
  case properties(object: Int)
  case patternProperties([(pattern: Pattern, schema: Int)])
  case additionalProperties(Int, besides: Int?, patterns: [Pattern])
  case propertyNames(Int)
  case dependentSchemas([(name: Int, schema: Int)])
  case unevaluatedProperties(Int)

  case allOf([Int])
  case anyOf([Int])
  case oneOf([Int])
  case not(Int)
  case condition(if: Int, then: Int?, else: Int?)
  case reference(Int)
  /// - Parameter anchor: the `$dynamicAnchor` that the reference looks for.
  case dynamicReference(Int, anchor: [UInt8])

  /// Schemas that are applied to the same value as this one, whatever the value.
  var inPlace: [Int] {
    switch self {
    case .allOf(let list), .anyOf(let list), .oneOf(let list): list
    case .not(let schema), .reference(let schema): [schema]
    case .condition(let test, let then, let otherwise):
      [test] + [then, otherwise].compactMap(\.self)
    case .dependentSchemas(let list): list.map(\.schema)
    default: []
    }
  }

  /// Whether it must be applied after its neighbours, from whom it learns what they have looked at.
  var comesLast: Bool {
    switch self {
    case .unevaluatedItems, .unevaluatedProperties: true
    default: false
    }
  }
}
