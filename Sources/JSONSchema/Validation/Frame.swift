/// A schema being applied to a value.
struct Frame {
  /// An index into ``CompiledSchema/subschemas``.
  let schema: Int
  /// The value on the document's tape.
  let instance: Int
  /// The position of the value among the items or members that the frame below looks at; nil when
  /// it is the same value.
  let position: Int?
  /// Whether violations are reported, and looked for after the first.
  let isLoud: Bool
  /// Whether anybody asks which items and members were looked at.
  let tracksChildren: Bool

  var isValid = true
  /// Items or members that were looked at with success.
  var children = ChildSet()

  /// The keyword being applied.
  var keyword = 0
  // Where that keyword is; meanings are the keyword's.
  /// Steps of it that are done: schemas of a list, items, members.
  var done = 0
  /// The next item or key on the tape.
  var next: Int
  /// A second counter, inside one step.
  var inner = 0
  /// What it has counted so far.
  var tally = 0

  init(_ descent: Descent, tracksChildren: Bool) {
    schema = descent.schema
    instance = descent.instance
    position = descent.position
    isLoud = descent.isLoud
    self.tracksChildren = tracksChildren
    next = descent.instance + 1
  }

  /// Goes on to the next keyword.
  mutating func advance() {
    keyword += 1
    (done, inner, tally, next) = (0, 0, 0, instance + 1)
  }
}

/// A schema to be applied next, to the same value or to one inside it.
struct Descent {
  let schema: Int
  let instance: Int
  /// See ``Frame/position``.
  var position: Int?
  var isLoud: Bool
}
