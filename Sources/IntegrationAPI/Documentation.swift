/// What the proto files say about what they declare.
package enum Documentation {
  /// The comment of a service, method, message, field, oneof, enum or enum value, with its line
  /// breaks; nil when there is none. Names are as in `integration.v1.Tenant.display_name`; an enum
  /// value goes by that of its enum, as in `integration.v1.TenantState.TENANT_STATE_ACTIVE`.
  package static func text(of fullName: String) -> String? {
    all[fullName]
  }
}
