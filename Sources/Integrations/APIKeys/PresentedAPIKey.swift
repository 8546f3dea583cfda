internal import KeyRules

/// What is stored about a key that a client presented: all that a verification asks about before it
/// charges.
struct PresentedAPIKey: Hashable, Sendable {
  var tenant: TenantID
  var id: APIKeyID
  var secretVersion: Int32
  var digest: [UInt8]
  var pepperVersion: Int32
  /// Nil: the key has no signing secret.
  var sealedSigningSecret: [UInt8]?
  var secretExpiresAt: UnixTime?
  var secretHasEnded: Bool
  var newestVersion: Int32
  var keyName: String
  var environment: KeyEnvironment
  var allowedEndpoints: [String]
  var allowedIPAddresses: [String]
  /// Whether there is anything to charge.
  var hasLimits: Bool
  var isActive: Bool
  var isRevoked: Bool
  var keyExpiresAt: UnixTime?
  var tenantIsSuspended: Bool
  /// The database's time.
  var foundAt: UnixTime

  /// When key or secret expires, whichever is sooner.
  var expiresAt: UnixTime? {
    guard let secretExpiresAt, let keyExpiresAt else { return secretExpiresAt ?? keyExpiresAt }
    return min(secretExpiresAt, keyExpiresAt)
  }

  var hasExpired: Bool { secretHasEnded || expiresAt.map { $0 <= foundAt } ?? false }
}
