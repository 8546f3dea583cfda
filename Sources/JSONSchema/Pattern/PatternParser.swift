/// Reads the syntax of ECMA-262 §22.2.1 with the `u` flag, as ``Pattern`` describes it.
struct PatternParser {
  /// Groups inside one another; the parser is as recursive as they are.
  static let maxDepth = 32

  private let scalars: [UInt32]
  var position = 0
  private(set) var sets: [ScalarSet] = []
  private var depth = 0

  init(_ text: ArraySlice<UInt8>) {
    var (rest, scalars) = (text, [UInt32]())
    while let scalar = UTF8Text.next(&rest) { scalars.append(scalar) }
    self.scalars = scalars
  }

  mutating func parse() throws(PatternError) -> PatternSyntax {
    let syntax = try alternation()
    // Only a closing parenthesis ends an alternation before the end.
    guard position == scalars.count else { throw failure(.unbalancedParenthesis) }
    return syntax
  }

  private mutating func alternation() throws(PatternError) -> PatternSyntax {
    var alternatives = [try sequence()]
    while take("|") { alternatives.append(try sequence()) }
    return alternatives.count == 1 ? alternatives[0] : .alternation(alternatives)
  }

  private mutating func sequence() throws(PatternError) -> PatternSyntax {
    var terms: [PatternSyntax] = []
    while let next = peek(), next != "|", next != ")" { terms.append(try term()) }
    return terms.count == 1 ? terms[0] : .sequence(terms)
  }

  private mutating func term() throws(PatternError) -> PatternSyntax {
    if take("^") { return .assertion(.start) }
    if take("$") { return .assertion(.end) }
    if take("\\b") { return .assertion(.wordBoundary) }
    if take("\\B") { return .assertion(.noWordBoundary) }
    let atom = try atom()
    guard let (min, max) = try quantifier() else { return atom }
    return .repetition(atom, min: min, max: max)
  }

  private mutating func atom() throws(PatternError) -> PatternSyntax {
    let start = position
    guard let next = peek() else { throw failure(.invalidEscape) }
    switch next {
    case "(": return try group()
    case "[": return keep(try characterClass())
    case "*", "+", "?": throw failure(.nothingToRepeat)
    case "{", "}", "]": throw failure(.strayBracket)
    case ".":
      position += 1
      return keep(ScalarSet(ScalarSet.lineEnds, isNegated: true))
    case "\\":
      switch try escape(inClass: false) {
      case .scalar(let scalar): return .scalar(scalar)
      case .ranges(let ranges): return keep(ScalarSet(ranges))
      case .property(let property): return keep(ScalarSet([], properties: [property]))
      }
    default:
      position += 1
      return .scalar(scalars[start])
    }
  }

  private mutating func group() throws(PatternError) -> PatternSyntax {
    let start = position
    guard depth < Self.maxDepth else { throw failure(.nestedTooDeep(maxDepth: Self.maxDepth)) }
    position += 1
    if take("?") {
      if take("=") || take("!") { throw failure(.unsupported(.lookahead), at: start) }
      if take("<=") || take("<!") { throw failure(.unsupported(.lookbehind), at: start) }
      if take("<") {
        try skipName()
      } else if !take(":") {
        if let mark = peek(), mark == "-" || ("a"..."z").contains(mark) {
          throw failure(.unsupported(.flags), at: start)
        }
        throw failure(.invalidGroup, at: start)
      }
    }
    depth += 1
    let inside = try alternation()
    depth -= 1
    guard take(")") else { throw failure(.unbalancedParenthesis, at: start) }
    return inside
  }

  /// Names are read but of no use: nothing can refer to a group.
  private mutating func skipName() throws(PatternError) {
    let start = position
    while let next = peek(),
      next == "_" || next == "$" || next.properties.isAlphabetic
        || (position > start && ("0"..."9").contains(next))
    {
      position += 1
    }
    guard position > start, take(">") else { throw failure(.invalidGroup, at: start) }
  }

  private mutating func quantifier() throws(PatternError) -> (min: Int, max: Int?)? {
    let range: (min: Int, max: Int?)
    let start = position
    if take("*") {
      range = (0, nil)
    } else if take("+") {
      range = (1, nil)
    } else if take("?") {
      range = (0, 1)
    } else if take("{") {
      guard let min = count() else { throw failure(.strayBracket, at: start) }
      var max: Int? = min
      if take(",") { max = count() }
      guard take("}") else { throw failure(.strayBracket, at: start) }
      if let max, max < min { throw failure(.reversedRange, at: start) }
      range = (min, max)
    } else {
      return nil
    }
    // Lazy or greedy is a matter of where a match ends, not of whether there is one.
    _ = take("?")
    return range
  }

  /// Reads a decimal number; nil when there is none. What is too large stays too large.
  private mutating func count() -> Int? {
    var value: Int?
    while let digit = peek(), ("0"..."9").contains(digit) {
      value = min((value ?? 0) * 10 + Int(digit.value - 0x30), Pattern.maxStates + 1)
      position += 1
    }
    return value
  }

  private mutating func keep(_ set: ScalarSet) -> PatternSyntax {
    sets.append(set)
    return .set(sets.count - 1)
  }

  // MARK: Scalars

  func peek() -> Unicode.Scalar? {
    position < scalars.count ? Unicode.Scalar(scalars[position]) : nil
  }

  /// Goes past `text` if it is next.
  mutating func take(_ text: String) -> Bool {
    let expected = text.unicodeScalars.map(\.value)
    guard scalars[position...].starts(with: expected) else { return false }
    position += expected.count
    return true
  }

  func failure(_ reason: PatternError.Reason, at offset: Int? = nil) -> PatternError {
    PatternError(reason: reason, offset: offset ?? position)
  }
}
