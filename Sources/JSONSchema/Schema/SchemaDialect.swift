/// The version of JSON Schema that `$schema` names.
enum SchemaDialect: Sendable {
  case draft202012
  case draft07

  /// Nil for any other.
  init?(_ uri: String) {
    var name = Substring(uri)
    if name.hasSuffix("#") { name = name.dropLast() }
    switch name {
    case "https://json-schema.org/draft/2020-12/schema": self = .draft202012
    case "http://json-schema.org/draft-07/schema", "https://json-schema.org/draft-07/schema":
      self = .draft07
    default: return nil
    }
  }
}
