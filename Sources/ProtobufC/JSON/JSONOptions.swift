/// How a message is written as JSON.
public struct JSONOptions: Sendable, Hashable {
  /// Over several lines, indented with two spaces, rather than on one line without spaces.
  public var isPretty: Bool
  /// Fields at their default too. Absent messages and unset members of a oneof stay out.
  public var includesDefaults: Bool
  /// Names as in the proto file (`tenant_id`) rather than lowerCamelCase (`tenantId`).
  public var usesProtoNames: Bool

  /// The canonical form unless said otherwise.
  public init(
    isPretty: Bool = false, includesDefaults: Bool = false, usesProtoNames: Bool = false
  ) {
    self.isPretty = isPretty
    self.includesDefaults = includesDefaults
    self.usesProtoNames = usesProtoNames
  }
}
