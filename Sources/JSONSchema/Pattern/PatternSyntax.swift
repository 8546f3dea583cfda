/// A pattern as it is written, taken apart.
indirect enum PatternSyntax: Sendable {
  case scalar(UInt32)
  /// An index into the pattern's sets.
  case set(Int)
  case assertion(PatternAssertion)
  /// Also nothing: the empty sequence.
  case sequence([PatternSyntax])
  case alternation([PatternSyntax])
  /// - Parameter max: nil for no end.
  case repetition(PatternSyntax, min: Int, max: Int?)
}

/// What must hold between two characters.
enum PatternAssertion: Sendable {
  case start, end, wordBoundary, noWordBoundary

  /// - Parameters:
  ///   - previous: nil at the start of the text.
  ///   - next: nil at its end.
  func holds(previous: UInt32?, next: UInt32?) -> Bool {
    switch self {
    case .start: previous == nil
    case .end: next == nil
    case .wordBoundary:
      ScalarSet.isWordCharacter(previous) != ScalarSet.isWordCharacter(next)
    case .noWordBoundary:
      ScalarSet.isWordCharacter(previous) == ScalarSet.isWordCharacter(next)
    }
  }
}
