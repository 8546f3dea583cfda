/// One value of a settings file and the line it stands on.
package struct SettingsValue: Sendable {
  /// What JSON knows, without fractions: no setting has one.
  package enum Kind: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case string(String)
    case array([SettingsValue])
    case object([Member])
  }

  /// One `"key": value` of an object.
  package struct Member: Sendable {
    package let key: String
    package let line: Int
    package let value: SettingsValue
  }

  package let kind: Kind
  package let line: Int

  /// What the value is, for a message: `a string`.
  package var noun: String {
    switch kind {
    case .null: "null"
    case .bool: "true or false"
    case .integer: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
