/// One thing in the proto files that cannot become Swift.
public struct Refusal: Sendable, Hashable {
  /// `FILE:LINE`, or the file alone where protoc gives no line.
  public let place: String
  /// Full name of what is refused, as in `integration.v1.ApiKey.key_id`.
  public let element: String
  /// What is wrong, and what to do instead.
  public let reason: String
}

/// Everything that is wrong with the proto files of one run.
public struct ContractError: Error, CustomStringConvertible {
  public let refusals: [Refusal]

  public var description: String {
    refusals.map { "\($0.place): \($0.element): \($0.reason)" }.joined(separator: "\n")
  }
}
