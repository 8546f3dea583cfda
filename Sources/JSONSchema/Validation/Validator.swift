/// Applies a schema to a document. A machine rather than a recursion: frames, one for each schema
/// that is being applied, lie on a stack of their own.
///
/// The frame on top takes its keywords one after the other. A keyword either decides on the spot or
/// asks for another schema to be applied, and hears how that went (``receive(_:)``).
struct Validator {
  /// Frames at once: the depth of the document times that of the references, with room to spare.
  private static let maxFrames = 4_096

  let schema: CompiledSchema
  let document: JSONDocument
  private let maxViolations: Int
  var budget: StepBudget
  var frames: [Frame] = []
  private(set) var violations: [Violation] = []

  init(
    _ schema: CompiledSchema, _ document: JSONDocument, maxViolations: Int, _ budget: StepBudget
  ) {
    self.schema = schema
    self.document = document
    self.maxViolations = maxViolations
    self.budget = budget
    frames.append(Frame(Descent(schema: 0, instance: 0, isLoud: true), tracksChildren: tracks(0)))
  }

  private func tracks(_ subschema: Int) -> Bool { schema.subschemas[subschema].hasUnevaluated }

  /// Goes on until everything is looked at, there are enough violations, or no more than `rest` steps are
  /// left.
  /// - Returns: whether it is over.
  mutating func run(downTo rest: Int) throws(ValidationError) -> Bool {
    while !frames.isEmpty, violations.count < maxViolations {
      // Of an empty budget the next step is refused.
      if budget.remaining <= rest, rest > 0 { return false }
      try budget.spend(1)
      let top = frames.count - 1
      let subschema = frames[top].schema
      guard frames[top].keyword < schema.subschemas[subschema].keywords.count,
        frames[top].isValid || frames[top].isLoud
      else {
        try leave()
        continue
      }
      let keyword = schema.subschemas[subschema].keywords[frames[top].keyword]
      if keyword.comesLast, frames[top].done == 0, !frames[top].isValid {
        // What a failed schema looked at does not count, so this would only blame it again.
        frames[top].advance()
        continue
      }
      if let descent = try apply(keyword) {
        try enter(descent)
      } else {
        frames[top].advance()
      }
    }
    return true
  }

  private mutating func enter(_ descent: Descent) throws(ValidationError) {
    guard frames.count < Self.maxFrames else { throw .tooComplex }
    // What a schema looked at matters to itself and, about the same value, to who applies it.
    let isAsked = descent.position == nil && frames.last?.tracksChildren == true
    frames.append(
      Frame(
        descent,
        tracksChildren: isAsked || tracks(descent.schema)))
  }

  private mutating func leave() throws(ValidationError) {
    guard let done = frames.popLast(), !frames.isEmpty else { return }
    try receive(done)
  }

  /// Notes that the value of the frame on top, or one inside it, does not satisfy a keyword.
  mutating func fail(_ keyword: Keyword, at instance: Int? = nil, _ detail: Detail = .none) {
    let top = frames.count - 1
    frames[top].isValid = false
    guard frames[top].isLoud, violations.count < maxViolations else { return }
    violations.append(
      Violation(
        instance: document.pointer(to: instance ?? frames[top].instance),
        schema: schema.document.pointer(to: keyword.node),
        keyword: keyword.name,
        message: keyword.message(detail, in: schema.document)))
  }

  /// Takes note of what an applied schema looked at, when anybody asks.
  mutating func adopt(_ done: Frame) throws(ValidationError) {
    let top = frames.count - 1
    guard frames[top].tracksChildren else { return }
    if let position = done.position {
      frames[top].children.insert(position)
    } else {
      try budget.spend(done.children.cost)
      frames[top].children.formUnion(done.children)
    }
  }
}
