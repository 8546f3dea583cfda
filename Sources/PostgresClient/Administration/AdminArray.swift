/// The text form of a PostgreSQL array, for a parameter of an ``AdminSession``.
enum AdminArray {
  /// Quotes every item, so that none can be read as null or as two ("Array Input Syntax").
  static func text(_ items: some Sequence<String>) -> String {
    let quoted = items.map { item in
      let escaped = item.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
      return "\"" + String(escaped) + "\""
    }
    return "{" + quoted.joined(separator: ",") + "}"
  }
}
