/// A state of the automaton that a pattern becomes; numbers are indices of states.
enum PatternState: Sendable {
  case match
  case scalar(UInt32, next: Int32)
  /// - Parameter set: an index into the pattern's sets.
  case set(Int32, next: Int32)
  case either(Int32, Int32)
  case assertion(PatternAssertion, next: Int32)
}

/// Makes a pattern's automaton (Thompson, 1968) from its last state to its first, so that every
/// part is told where to go on. Repetitions are written out.
struct PatternAssembler {
  private(set) var states: [PatternState] = [.match]
  /// Parts assembled, counting those that need no state, so that repeating nothing ends as well.
  private var work = 0
  private let maxStates: Int

  init(maxStates: Int) { self.maxStates = maxStates }

  /// - Returns: the state to begin with.
  mutating func assemble(_ syntax: PatternSyntax, next: Int32 = 0) throws(PatternError) -> Int32 {
    work += 1
    guard work <= maxStates else {
      throw PatternError(reason: .tooLarge(maxStates: maxStates), offset: 0)
    }
    switch syntax {
    case .scalar(let scalar): return add(.scalar(scalar, next: next))
    case .set(let set): return add(.set(Int32(set), next: next))
    case .assertion(let assertion): return add(.assertion(assertion, next: next))
    case .sequence(let terms):
      var entry = next
      for term in terms.reversed() { entry = try assemble(term, next: entry) }
      return entry
    case .alternation(let alternatives):
      var entry: Int32?
      for alternative in alternatives.reversed() {
        let this = try assemble(alternative, next: next)
        entry = entry.map { add(.either(this, $0)) } ?? this
      }
      return entry ?? next
    case .repetition(let body, let min, let max): return try repeated(body, min, max, next: next)
    }
  }

  private mutating func repeated(
    _ body: PatternSyntax, _ min: Int, _ max: Int?, next: Int32
  ) throws(PatternError) -> Int32 {
    var entry = next
    if let max {
      for _ in min..<max {
        let copy = try assemble(body, next: entry)
        entry = add(.either(copy, next))
      }
    } else {
      let loop = add(.match)
      let copy = try assemble(body, next: loop)
      states[Int(loop)] = .either(copy, next)
      entry = loop
    }
    for _ in 0..<min { entry = try assemble(body, next: entry) }
    return entry
  }

  private mutating func add(_ state: PatternState) -> Int32 {
    states.append(state)
    return Int32(states.count - 1)
  }
}
