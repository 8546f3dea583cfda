/// One thing in the proto files that cannot become Swift.
package struct Refusal: Sendable, Hashable {
  /// `FILE:LINE`, or the file alone where protoc gives no line.
  package let place: String
  /// Full name of what is refused, as in `integration.v1.ApiKey.key_id`.
  package let element: String
  /// What is wrong, and what to do instead.
  package let reason: String
}

/// Everything that is wrong with the proto files of one run.
package struct ContractError: Error, CustomStringConvertible {
  package let refusals: [Refusal]

  package var description: String {
    refusals.map { "\($0.place): \($0.element): \($0.reason)" }.joined(separator: "\n")
  }
}
