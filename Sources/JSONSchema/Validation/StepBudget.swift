/// What a validation may still cost. A step is a keyword looked at, a value compared, a state of a
/// pattern tried for a character: all take about the same time, some tens of nanoseconds.
package struct StepBudget: Sendable {
  /// What there is unless told otherwise: some 100,000 values against an ordinary schema, and some 50 ms.
  package static let usualSteps = 1_000_000

  package private(set) var remaining: Int

  package init(steps: Int = usualSteps) { remaining = steps }

  /// - Throws: ``ValidationError`` `tooComplex` when that is more than what is left.
  mutating func spend(_ steps: Int) throws(ValidationError) {
    guard steps <= remaining else { throw .tooComplex }
    remaining -= steps
  }

  /// Pays for going over `bytes` of text once.
  mutating func spend(text bytes: Int) throws(ValidationError) { try spend(bytes / 16) }
}

/// Why a document was neither found valid nor invalid.
package enum ValidationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The schema asks for more work on this document than the caller allows, or its references
  /// follow each other without end.
  case tooComplex

  package var description: String { "takes too much work to validate against its schema" }
}
