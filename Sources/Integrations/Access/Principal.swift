/// A program on this host, as the access policy names it: what it may call, and for which tenants.
package struct Principal: Hashable, Sendable {
  /// Unique within the policy, 1 to 200 characters. Idempotency keys belong to it.
  package let name: String
  package let roles: Set<Role>
  package let patterns: [MethodPattern]
  /// The tenants it may act for. Nil: all.
  package let tenants: Set<TenantID>?
  /// The known methods it may call, worked out once.
  private let methods: Set<String>

  package init(
    name: String, roles: Set<Role>, patterns: [MethodPattern] = [], tenants: Set<TenantID>? = nil
  ) {
    self.name = name
    self.roles = roles
    self.patterns = patterns
    self.tenants = tenants
    let held = roles.reduce(into: Set<Role>()) { $0.formUnion($1.contained) }
    self.methods = Set(
      MethodAccess.table.compactMap { method, access in
        switch access {
        case .anyCaller: method
        case .role(let role):
          held.contains(role) || patterns.contains { $0.matches(method) } ? method : nil
        }
      })
  }

  /// Whether it may call `method` (`SERVICE/METHOD`).
  package func mayCall(_ method: String) -> Bool {
    methods.contains(method) || roles.contains(.admin)
  }

  /// Whether it may act for a tenant, or know that it exists.
  package func mayActFor(_ tenant: TenantID) -> Bool {
    tenants?.contains(tenant) ?? true
  }
}
