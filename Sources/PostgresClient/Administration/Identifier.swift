/// An SQL identifier, quoted so that every name is itself.
enum Identifier {
  static func quoted(_ name: String) -> String {
    let escaped = name.flatMap { $0 == "\"" ? [$0, $0] : [$0] }
    return "\"" + String(escaped) + "\""
  }
}
