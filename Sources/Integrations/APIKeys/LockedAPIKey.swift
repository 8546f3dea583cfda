internal import KeyRules

/// A tenant whose row this transaction has locked.
struct LockedTenant: Sendable {
  let isSuspended: Bool
  /// The transaction's time.
  let now: UnixTime
}

/// A key whose row this transaction has locked: what decides whether it may be changed.
struct LockedAPIKey: Sendable {
  let isRevoked: Bool
  let isActive: Bool
  let isExpired: Bool
  let environment: KeyEnvironment
  let hasAPISecret: Bool
  let newestVersion: Int32
  /// The transaction's time.
  let now: UnixTime
}
