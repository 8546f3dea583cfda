/// Why a text is not accepted as a ``Pattern``.
package struct PatternError: Error, Sendable, Equatable {
  package enum Reason: Sendable, Equatable {
    /// ECMA-262 has it, but no matcher that works in linear time does, or we do not know it.
    case unsupported(Feature)
    case unbalancedParenthesis
    case unterminatedClass
    case invalidGroup
    case invalidEscape
    /// `*`, `+`, `?` or `{…}` behind nothing, behind an assertion or behind each other.
    case nothingToRepeat
    /// `{`, `}` or `]` that is not part of a quantifier or class. Escape it to mean the character.
    case strayBracket
    /// `{3,1}` or `[z-a]`.
    case reversedRange
    /// A class such as `\d` as the end of a range.
    case classInRange
    case nestedTooDeep(maxDepth: Int)
    /// The pattern, its repetitions written out, has too many states.
    case tooLarge(maxStates: Int)
  }

  package enum Feature: String, Sendable, Equatable {
    case backreference = "backreferences"
    case lookahead = "lookahead"
    case lookbehind = "lookbehind"
    case flags = "flags inside a pattern"
    case property = "this Unicode property"
  }

  package let reason: Reason
  /// The character at which it shows, from 0, counted in Unicode scalars.
  package let offset: Int
}

extension PatternError: CustomStringConvertible {
  /// Completes "must be a supported regular expression: ".
  package var description: String { "\(reason) (at character \(offset))" }
}

extension PatternError.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unsupported(let feature): "\(feature.rawValue) cannot be used"
    case .unbalancedParenthesis: "a parenthesis has no partner"
    case .unterminatedClass: "a class is not closed"
    case .invalidGroup: "a group begins with an unknown mark"
    case .invalidEscape: "an escape is unknown"
    case .nothingToRepeat: "a quantifier has nothing to repeat"
    case .strayBracket: "a bracket stands alone; escape it to mean the character"
    case .reversedRange: "a range ends before it begins"
    case .classInRange: "a class cannot be the end of a range"
    case .nestedTooDeep(let maxDepth): "groups are nested deeper than \(maxDepth) levels"
    case .tooLarge(let maxStates): "it has more than \(maxStates) states"
    }
  }
}
