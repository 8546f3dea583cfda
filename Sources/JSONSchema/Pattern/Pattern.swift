/// A regular expression that cannot be made slow: matching takes time in proportion to the text
/// times the pattern at worst, whatever either of them is.
///
/// The syntax is ECMA-262's with the `u` flag, which JSON Schema recommends (core §6.4). There are
/// literals, `.`, classes and ranges with negation, `\d \w \s \D \W \S`, `^ $ \b \B`, groups
/// (plain, `(?:…)`, `(?<name>…)`), alternation, `* + ? {m} {m,} {m,n}` greedy or lazy, `\t \n \v \f
/// \r \0 \cX \xHH \uHHHH \u{…}`, `\p{…}` and `\P{…}` for general categories and a few other
/// properties (``ScalarProperty``), and a backslash before any ASCII punctuation.
///
/// Refused, because no such matcher can do them: backreferences, lookahead and lookbehind. Refused
/// besides: flags inside the pattern, `\p{Script=…}`, `{`, `}` and `]` unescaped outside their
/// roles (as the `u` flag has it), groups nested deeper than 32, and what needs more than
/// ``maxStates`` states with its repetitions written out.
///
/// A pattern is not anchored: it matches a text that has a match anywhere. A character is a Unicode
/// scalar.
package struct Pattern: Sendable {
  /// States of one pattern: about one for each character or class, times its repetitions.
  package static let maxStates = 5_000

  private let states: [PatternState]
  private let sets: [ScalarSet]
  private let start: Int32
  /// Whether a match can begin at the start of a text only.
  private let isAnchored: Bool

  /// - Throws: ``PatternError``.
  package init(_ text: String) throws(PatternError) { try self.init(utf8: ArraySlice(text.utf8)) }

  /// - Parameter maxStates: when a schema has used up part of what it may.
  init(utf8 text: ArraySlice<UInt8>, maxStates: Int = maxStates) throws(PatternError) {
    var parser = PatternParser(text)
    let syntax = try parser.parse()
    var assembler = PatternAssembler(maxStates: min(maxStates, Self.maxStates))
    start = try assembler.assemble(syntax)
    states = assembler.states
    sets = parser.sets
    isAnchored = Self.isAnchored(states, start)
  }

  var stateCount: Int { states.count }

  /// Whether a text has a match, at a cost that is taken from `budget`: a step for each state
  /// looked at.
  /// - Throws: ``ValidationError`` `tooComplex`.
  package func matches(
    _ text: String, _ budget: inout StepBudget
  ) throws(ValidationError) -> Bool {
    try matches(utf8: ArraySlice(text.utf8), &budget)
  }

  func matches(
    utf8 text: ArraySlice<UInt8>, _ budget: inout StepBudget
  ) throws(ValidationError) -> Bool {
    try budget.spend(1 + states.count / 16)
    /// The position, counted from 1, at which a state was reached last.
    var reached = [Int32](repeating: 0, count: states.count)
    var (rest, position) = (text, Int32(0))
    var previous: UInt32?
    var next = UTF8Text.next(&rest)
    var pending = [start]
    while true {
      position += 1
      var active: [Int32] = []
      var steps = 1
      while let index = pending.popLast() {
        steps += 1
        guard reached[Int(index)] != position else { continue }
        reached[Int(index)] = position
        switch states[Int(index)] {
        case .match: return true
        case .scalar: active.append(index)
        case .set(let set, _):
          steps += sets[Int(set)].cost
          active.append(index)
        case .either(let one, let other):
          pending.append(other)
          pending.append(one)
        case .assertion(let assertion, let target):
          if assertion.holds(previous: previous, next: next) { pending.append(target) }
        }
      }
      try budget.spend(steps)
      guard let scalar = next, !active.isEmpty || !isAnchored else { return false }
      for index in active {
        switch states[Int(index)] {
        case .scalar(let expected, let target) where expected == scalar: pending.append(target)
        case .set(let set, let target) where sets[Int(set)].contains(scalar):
          pending.append(target)
        default: break
        }
      }
      if !isAnchored { pending.append(start) }
      previous = scalar
      next = UTF8Text.next(&rest)
    }
  }

  /// Whether every way from the start passes a `^`.
  private static func isAnchored(_ states: [PatternState], _ start: Int32) -> Bool {
    var seen = Set<Int32>()
    var pending = [start]
    while let index = pending.popLast() {
      guard seen.insert(index).inserted else { continue }
      switch states[Int(index)] {
      case .match, .scalar, .set: return false
      case .assertion(.start, _): break
      case .assertion(_, let next): pending.append(next)
      case .either(let one, let other):
        pending.append(one)
        pending.append(other)
      }
    }
    return true
  }
}
