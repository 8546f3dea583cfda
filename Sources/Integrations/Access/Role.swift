/// What a caller may do, in a word. Roles add up; `operate` contains `publish`, `verify` and
/// `read`, `admin` contains everything.
package enum Role: String, CaseIterable, Hashable, Sendable {
  /// Everything, tenants included.
  case admin
  /// Everything within a tenant: keys, webhooks, integrations.
  case operate
  /// Publishing events.
  case publish
  /// Asking whether an API key may be used.
  case verify
  /// Reading, lists and single things. Never secrets.
  case read

  /// The roles it contains, itself included.
  package var contained: Set<Role> {
    switch self {
    case .admin: Set(Role.allCases)
    case .operate: [.operate, .publish, .verify, .read]
    case .publish, .verify, .read: [self]
    }
  }
}
