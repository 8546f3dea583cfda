/// What the proto files say about what they declare.
package enum Documentation {
  /// The comment of a service, method, message, field, oneof, enum or enum value, with its line
  /// breaks. Nil when there is none.
  ///
  /// - Parameter fullName: as in `integration.v1.Tenant.display_name`; an enum value is named with
  ///   its enum, as in `integration.v1.TenantState.TENANT_STATE_ACTIVE`.
  package static func text(of fullName: String) -> String? {
    all[fullName]
  }
}
