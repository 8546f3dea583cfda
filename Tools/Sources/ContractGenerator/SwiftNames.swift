/// Swift names of what a proto file names.
enum SwiftNames {
  /// `allowed_ip_addresses` becomes `allowedIpAddresses`.
  static func lowerCamel(_ name: String) -> String {
    let words = name.split(separator: "_")
    let rest = words.dropFirst().map(capitalized).joined()
    return (words.first.map(decapitalized) ?? "") + rest
  }

  /// `allowed_ip_addresses` becomes `AllowedIpAddresses`.
  static func upperCamel(_ name: String) -> String {
    name.split(separator: "_").map(capitalized).joined()
  }

  /// `TENANT_STATE_ACTIVE` of `TenantState` becomes `active`.
  static func enumCase(_ value: String, of type: String) -> String {
    let prefix = snake(type).uppercased() + "_"
    let stripped = value.hasPrefix(prefix) ? String(value.dropFirst(prefix.count)) : value
    return lowerCamel(stripped.lowercased())
  }

  /// `integration.v1.ApiKey` becomes `integration_v1_ApiKey`.
  static func descriptor(_ fullName: String) -> String {
    fullName.split(separator: ".").joined(separator: "_")
  }

  /// `TenantState` becomes `tenant_state`, `HTTPMethod` `http_method`.
  private static func snake(_ name: String) -> String {
    let letters = Array(name)
    var result = ""
    for (index, letter) in letters.enumerated() {
      let endsWord = index > 0 && !letters[index - 1].isUppercase
      let beginsWord =
        index > 0 && index + 1 < letters.count && letters[index + 1].isLowercase
      if letter.isUppercase && (endsWord || beginsWord) { result += "_" }
      result += letter.lowercased()
    }
    return result
  }

  private static func capitalized(_ word: some StringProtocol) -> String {
    word.prefix(1).uppercased() + word.dropFirst()
  }

  private static func decapitalized(_ word: some StringProtocol) -> String {
    word.prefix(1).lowercased() + word.dropFirst()
  }

  /// Words that would need backticks as the name of a property, case, method or type (The Swift
  /// Programming Language, "Keywords and Punctuation"), and the name that `Hashable` took.
  static let reserved: Set<String> = [
    "Any", "Protocol", "Self", "Type", "as", "associatedtype", "break", "case", "catch", "class",
    "continue", "default", "defer", "deinit", "do", "else", "enum", "extension", "fallthrough",
    "false", "fileprivate", "for", "func", "guard", "hashValue", "if", "import", "in", "init",
    "inout", "internal", "is", "let", "nil", "operator", "precedencegroup", "private", "protocol",
    "public", "repeat", "rethrows", "return", "self", "static", "struct", "subscript", "super",
    "switch", "throw", "throws", "true", "try", "typealias", "var", "where", "while",
  ]

  /// Types that generated code names; a message or enum of the same name would hide them.
  static let takenTypes: Set<String> = [
    "Bool", "CallContext", "CallOptions", "Double", "Float", "Int", "Int32", "Int64", "Message",
    "MessageDescriptor", "MessageError", "MessageReader", "MessageWriter", "MethodName",
    "ProtoEnum", "RPCChannel", "RPCError", "RequestStream", "RequestWriter", "ResponseStream",
    "ResponseWriter", "Sendable", "ServiceDefinition", "String", "UInt32", "UInt64", "UInt8",
  ]
}
