/// Compiles a schema. A list of subschemas grows as their holders are read, until all are.
struct SchemaCompiler {
  let document: JSONDocument
  let formats: JSONSchema.FormatPolicy
  let limits: SchemaLimits
  private(set) var dialect = SchemaDialect.draft202012
  private(set) var subschemas: [Subschema] = []
  private(set) var subschemaOfNode: [Int32]
  var resources: [SchemaResource] = []
  var resourceOfURI: [[UInt8]: Int] = [:]
  /// References that are not resolved yet.
  var references: [PendingReference] = []
  /// Patterns of `patternProperties` by its place, as its neighbours need them too.
  var patternLists: [Int: [(pattern: Pattern, schema: Int)]] = [:]
  private var patternStates = 0

  init(_ document: JSONDocument, formats: JSONSchema.FormatPolicy, limits: SchemaLimits) {
    self.document = document
    self.formats = formats
    self.limits = limits
    subschemaOfNode = [Int32](repeating: -1, count: document.nodes.count)
  }

  mutating func compile() throws(SchemaError) -> CompiledSchema {
    _ = try subschema(at: 0, resource: 0)
    var next = 0
    repeat {
      while next < subschemas.count {
        try compile(next)
        next += 1
      }
      // A reference may lead to a place that no keyword makes a schema, and make it one.
      while let reference = references.popLast() { try resolve(reference) }
    } while next < subschemas.count
    try refuseEndlessReferences()
    return CompiledSchema(
      document: document, subschemas: subschemas, resources: resources,
      subschemaOfNode: subschemaOfNode)
  }

  /// The schema at a place of the tape, which is compiled in its turn.
  mutating func subschema(at node: Int, resource: Int) throws(SchemaError) -> Int {
    let known = Int(subschemaOfNode[node])
    if known >= 0 { return known }
    switch document.nodes[node].kind {
    case .object, .true, .false: break
    default: throw wrongShape("a schema: an object or a boolean", at: node)
    }
    guard subschemas.count < limits.maxSubschemas else {
      throw failure(.tooManySubschemas(limit: limits.maxSubschemas), at: 0)
    }
    subschemas.append(Subschema(node: node, resource: resource))
    subschemaOfNode[node] = Int32(subschemas.count - 1)
    return subschemas.count - 1
  }

  private mutating func compile(_ index: Int) throws(SchemaError) {
    let node = subschemas[index].node
    if document.nodes[node].kind == .false {
      subschemas[index].keywords = [Keyword(name: "false", rule: .never, node: node)]
    }
    try checkDialect(of: index)
    subschemas[index].resource = try identify(index)
    guard document.nodes[node].kind == .object else { return }
    let hasOnlyReference = dialect == .draft07 && document.value(of: "$ref", in: node) != nil
    var last: [Keyword] = []
    for key in document.keys(of: node) {
      let name = String(decoding: document.utf8(of: key), as: UTF8.self)
      if hasOnlyReference, !["$ref", "$defs", "definitions"].contains(name) { continue }
      for keyword in try keywords(name, at: key + 1, of: index) {
        if keyword.comesLast {
          last.append(keyword)
        } else {
          subschemas[index].keywords.append(keyword)
        }
      }
    }
    subschemas[index].keywords += last
    subschemas[index].hasUnevaluated = !last.isEmpty
  }

  /// What a member of a schema asks: nothing for an unknown one.
  private mutating func keywords(
    _ name: String, at node: Int, of index: Int
  ) throws(SchemaError) -> [Keyword] {
    if name == "$ref" || name == "$dynamicRef" {
      let text = try string(at: node)
      references.append(
        PendingReference(
          schema: index, keyword: subschemas[index].keywords.count, text: text, node: node,
          isDynamic: name == "$dynamicRef"))
      // The target is filled in when everything is read.
      return [Keyword(name: name, rule: .reference(index), node: node)]
    }
    if name == "dependencies" {
      let rules = try dependencies(at: node, of: index)
      return rules.map { Keyword(name: name, rule: $0, node: node) }
    }
    if let rule = try assertion(name, at: node) {
      return [Keyword(name: name, rule: rule, node: node)]
    }
    guard let rule = try applicator(name, at: node, of: index) else { return [] }
    return [Keyword(name: name, rule: rule, node: node)]
  }

  private mutating func checkDialect(of index: Int) throws(SchemaError) {
    let node = subschemas[index].node
    guard document.nodes[node].kind == .object,
      let place = document.value(of: "$schema", in: node)
    else { return }
    let uri = String(decoding: try string(at: place), as: UTF8.self)
    guard let named = SchemaDialect(uri), index == 0 || named == dialect else {
      throw failure(.unknownDialect(uri), at: place)
    }
    dialect = named
  }

  mutating func setTarget(_ rule: Rule, of reference: PendingReference) {
    let keyword = subschemas[reference.schema].keywords[reference.keyword]
    subschemas[reference.schema].keywords[reference.keyword] = Keyword(
      name: keyword.name, rule: rule, node: keyword.node)
  }

  // MARK: Patterns

  mutating func pattern(
    _ text: ArraySlice<UInt8>, at node: Int
  ) throws(SchemaError) -> Pattern {
    let left = limits.maxPatternStates - patternStates
    do {
      let pattern = try Pattern(utf8: text, maxStates: left)
      patternStates += pattern.stateCount
      return pattern
    } catch {
      if case .tooLarge = error.reason, left < Pattern.maxStates {
        throw failure(.patternsTooLarge(maxStates: limits.maxPatternStates), at: node)
      }
      throw failure(.pattern(error), at: node)
    }
  }

  // MARK: Failures

  func failure(_ reason: SchemaError.Reason, at node: Int) -> SchemaError {
    SchemaError(reason: reason, pointer: document.pointer(to: node))
  }

  func wrongShape(_ expected: String, at node: Int) -> SchemaError {
    failure(.wrongShape(expected: expected), at: node)
  }
}

extension JSONDocument {
  /// The value of a keyword.
  func value(of keyword: StaticString, in object: Int) -> Int? {
    value(of: ArraySlice(keyword.description.utf8), in: object)
  }
}
