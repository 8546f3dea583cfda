/// A validation on its way, see ``JSONSchema/validation(of:maxViolations:budget:)``.
package struct Validation: Sendable {
  private var validator: Validator

  init(_ validator: Validator) { self.validator = validator }

  /// Goes on for that many steps, or a little longer: what is begun is finished.
  /// - Returns: whether it is over.
  /// - Throws: ``ValidationError`` `tooComplex` when the budget was not enough.
  package mutating func goOn(steps: Int) throws(ValidationError) -> Bool {
    try validator.run(downTo: max(0, validator.budget.remaining &- max(1, steps)))
  }

  /// What was found so far, in that order.
  package var violations: [Violation] { validator.violations }

  /// What is left.
  package var budget: StepBudget { validator.budget }
}
