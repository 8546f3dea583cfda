internal import JSONSchema

/// What the checks of one call's payloads against their schemas may still cost, all together.
package struct SchemaWork: Sendable {
  /// Steps of all checks of a call: some 100,000 values against ordinary schemas, and some 50 ms.
  package static let mostSteps = 1_000_000

  var budget: StepBudget

  package init(steps: Int = mostSteps) { budget = StepBudget(steps: steps) }
}
