/// A field of a message that was refused, and why.
public struct FieldViolation: Sendable, Hashable {
  /// The path of the field in snake_case, as in `key.allowed_ip_addresses[2]`. Empty when the
  /// message as a whole was refused.
  public var field: String
  /// What was wrong and what is allowed. Begins in lower case and names no value.
  public var description: String

  /// Makes a violation.
  public init(field: String, description: String) {
    self.field = field
    self.description = description
  }

  /// The same violation, seen from the message that holds this one in its field `parent`.
  func within(_ parent: String) -> FieldViolation {
    let separator = field.isEmpty || field.hasPrefix("[") ? "" : "."
    return FieldViolation(field: parent + separator + field, description: description)
  }
}

/// Bytes, JSON or a value that is not a message of the wanted type.
public struct MessageError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was refused: at least one.
  public let violations: [FieldViolation]
  /// One sentence for people.
  public let summary: String

  /// Makes an error from one violation.
  public init(_ violation: FieldViolation) {
    violations = [violation]
    summary =
      violation.field.isEmpty
      ? "the message \(violation.description)" : "\(violation.field) \(violation.description)"
  }

  init(_ description: String) {
    self.init(FieldViolation(field: "", description: description))
  }

  public var description: String { summary }

  /// The same error, seen from the message that holds this one in its field `parent`.
  func within(_ parent: String) -> MessageError {
    MessageError(violations[0].within(parent))
  }
}
