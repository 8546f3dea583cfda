/// A field of a message that was refused, and why.
public struct FieldViolation: Sendable, Hashable {
  /// The path of the field in snake_case, as in `key.allowed_ip_addresses[2]`. Empty when the
  /// message as a whole was refused. A member of JSON that is no field and could not be one's name
  /// stands in quotes: `key."[2]"`.
  public var field: String
  /// What was wrong and what is allowed. Begins in lower case and names no value.
  public var description: String

  /// Makes a violation.
  public init(field: String, description: String) {
    self.field = field
    self.description = description
  }

  /// How a member of JSON that is no field is named in a path, where a point or bracket of its own would
  /// lead elsewhere, and no name at all to the message as a whole.
  static func step(named name: String) -> String {
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "@"):
        true
      default: false
      }
    }
    guard !isPlain || name.isEmpty else { return name }
    let (quote, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
    let escaped = name.utf8.flatMap { $0 == quote || $0 == backslash ? [backslash, $0] : [$0] }
    return String(decoding: [quote] + escaped + [quote], as: UTF8.self)
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
