internal import ProtobufC

/// What the error of a refused message must say.
enum Refusal {
  /// How descriptions begin that may be about the message as a whole: a tag that is none, a field
  /// that is unknown, a limit of the message.
  private static let nameless = [
    "is cut short", "holds a field number", "holds a number of", "holds a group",
    "holds more than", "is in a message of more than", "takes more memory than a message", "has ",
    "is not valid JSON at byte", "must be a JSON", "is empty text",
  ]

  static func check(_ error: MessageError, _ type: MessageDescriptor) {
    promise(!error.violations.isEmpty && !error.summary.isEmpty, "a refusal says why")
    for violation in error.violations {
      let said = "\(type.fullName): \(violation.field) \(violation.description)"
      promise(!violation.description.isEmpty, "a violation says what is wrong: \(said)")
      promise(
        !violation.description.hasPrefix("is refused by protobuf-c"),
        "what the validator accepts is unpacked: \(said)")
      if violation.field.isEmpty {
        promise(
          type.isWellKnown || nameless.contains { violation.description.hasPrefix($0) },
          "a violation names its field: \(said)")
        continue
      }
      // A name of JSON that is no field's may be anything.
      promise(
        leads(violation.field, type) || violation.description.hasPrefix("is not a field of "),
        "a violation names a field there is: \(said)")
    }
  }

  /// Whether a path as in `key.allowed_ip_addresses[2]` leads from the type to a field.
  private static func leads(_ path: String, _ type: MessageDescriptor) -> Bool {
    var type = type
    for part in path.split(separator: ".", omittingEmptySubsequences: false) {
      // What an Any holds is of any type.
      if type.fullName == "google.protobuf.Any" { return true }
      let name = part.prefix { $0 != "[" }
      guard let field = type.field(named: String(name)) else { return false }
      let index = part.dropFirst(name.count)
      if !index.isEmpty {
        guard field.isRepeated, index.last == "]", Int(index.dropFirst().dropLast()) != nil
        else { return false }
      }
      if case .message(let inner) = field.kind { type = inner }
    }
    return true
  }
}

extension MessageDescriptor {
  /// Whether it has a JSON form of its own, which is one value without fields.
  fileprivate var isWellKnown: Bool { fullName.hasPrefix("google.protobuf.") }
}
