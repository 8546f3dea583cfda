/// One thing about a database that breaks what the daemon promises.
package struct SecurityFinding: Sendable, Hashable {
  package let kind: Kind
  /// What is wrong and what it allows, in a sentence.
  package let problem: String
  /// The SQL to run, or what to do when SQL cannot mend it.
  package let remedy: String

  /// Names are those of the database: `role`, `schema.table`, `constraint`.
  package enum Kind: Sendable, Hashable {
    case roleMissing(String)
    case roleIsSuperuser(String)
    case roleBypassesRowSecurity(String)
    case roleOwnsRelation(role: String, relation: String)
    case roleCanBecome(role: String, privileged: String)
    case ownerIsSuperuser(String)
    case policyWithoutOwner(table: String, policy: String)
    case rowSecurityDisabled(table: String)
    case rowSecurityNotForced(table: String)
    case noPolicy(table: String)
    case openPolicy(table: String, policy: String)
    case uniqueWithoutTenant(table: String, index: String)
    case foreignKeyWithoutTenant(table: String, constraint: String)
    case viewWithoutInvoker(String)
    case readableMaterializedView(String)
    case definerFunctionNotAllowed(String)
    case definerFunctionWithoutSearchPath(String)
    case serverTooOld(versionNumber: Int)
    case settingOff(String)
    case encodingNotUTF8(String)
    case clockSkew(milliseconds: Int64)
  }

  package enum Severity: Sendable, Hashable {
    /// Tenants are not kept apart, or data is misread: the daemon must not run.
    case fatal
    /// Something can be lost or is weaker than it should be: the daemon says so and runs.
    case warning
  }

  package var severity: Severity {
    switch kind {
    case .ownerIsSuperuser, .serverTooOld, .settingOff, .clockSkew: .warning
    default: .fatal
    }
  }
}

extension SecurityFinding: CustomStringConvertible {
  package var description: String { "\(problem); to mend it: \(remedy)" }
}
