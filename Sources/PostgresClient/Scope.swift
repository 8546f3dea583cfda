package import FoundationEssentials

/// On whose behalf a statement runs: which role, and which tenant row level security lets through.
package enum Scope: Sendable, Hashable {
  /// The application's role, seeing the rows of one tenant: `integrationd.tenant_id` is set for just the
  /// transaction the statement runs in.
  case tenant(UUID)
  /// The application's role and no tenant: tables under row level security refuse it.
  case unscoped
  /// The role of background work, which has its own policies.
  case worker
}

extension Scope {
  /// The setting that carries the tenant to the policies.
  static let setting = "integrationd.tenant_id"

  enum Role: Sendable, Hashable, CaseIterable {
    case app, worker
  }

  var role: Role {
    switch self {
    case .tenant, .unscoped: .app
    case .worker: .worker
    }
  }

  var tenant: UUID? {
    if case .tenant(let tenant) = self { tenant } else { nil }
  }
}
