package import IntegrationAPI
package import KeyRules
internal import ProtobufC

/// A key without its secret, as stored, and as it was at ``readAt``.
package struct APIKey: Hashable, Sendable {
  package var id: APIKeyID
  package var tenant: TenantID
  package var settings: APIKeySettings
  package var totalRequests: Int64
  package var lastUsedAt: UnixTime?
  package var isActive: Bool
  package var lastRotatedAt: UnixTime?
  package var hasAPISecret: Bool
  package var revokedAt: UnixTime?
  package var createdAt: UnixTime
  package var updatedAt: UnixTime
  /// The live ones, newest first.
  package var secrets: [APIKeySecret]
  /// The database's time when this was read.
  package var readAt: UnixTime
}

/// What the owner of a key decides about it.
package struct APIKeySettings: Hashable, Sendable {
  package var keyName: String
  package var environment: KeyEnvironment
  package var allowedEndpoints: [String]
  package var allowedIPAddresses: [String]
  /// -1: no limit.
  package var rateLimitPerMinute: Int32
  /// -1: no limit.
  package var rateLimitPerHour: Int32
  package var expiresAt: UnixTime?
  /// 0: no such wish.
  package var rotationFrequencyDays: Int32
  package var notes: String
}

extension APIKey {
  /// What the key is good for. In the order in which a verification looks, so that the state names
  /// the reason a client would hear.
  package var state: ApiKeyState {
    if revokedAt != nil { return .revoked }
    if !isActive { return .disabled }
    if let expiresAt = settings.expiresAt, expiresAt <= readAt { return .expired }
    return .active
  }

  /// When its wish for rotation falls due.
  package var rotationDueAt: UnixTime? {
    guard settings.rotationFrequencyDays > 0 else { return nil }
    let wait = Duration.seconds(86_400) * Int(settings.rotationFrequencyDays)
    return (lastRotatedAt ?? createdAt).advanced(by: wait)
  }

  /// Where a page that ends with it ends.
  package var cursor: PageCursor {
    PageCursor(unixMicroseconds: createdAt.microseconds, id: id.uuid)
  }

  /// As callers see it.
  package var message: ApiKey {
    var key = ApiKey()
    key.keyId = id.description
    key.tenantId = tenant.description
    key.keyName = settings.keyName
    key.environment = Environment(settings.environment)
    key.state = state
    key.isActive = isActive
    key.allowedEndpoints = settings.allowedEndpoints
    key.allowedIpAddresses = settings.allowedIPAddresses
    key.rateLimitPerMinute = settings.rateLimitPerMinute
    key.rateLimitPerHour = settings.rateLimitPerHour
    key.totalRequests = totalRequests
    key.lastUsedAt = lastUsedAt?.timestamp
    key.expiresAt = settings.expiresAt?.timestamp
    key.lastRotatedAt = lastRotatedAt?.timestamp
    key.rotationFrequencyDays = settings.rotationFrequencyDays
    key.rotationDueAt = rotationDueAt?.timestamp
    key.notes = settings.notes
    key.hasApiSecret = hasAPISecret
    key.secrets = secrets.map(\.message)
    key.createdAt = createdAt.timestamp
    key.updatedAt = updatedAt.timestamp
    key.revokedAt = revokedAt?.timestamp
    return key
  }
}

extension Environment {
  package init(_ environment: KeyEnvironment) {
    self =
      switch environment {
      case .production: .production
      case .staging: .staging
      case .development: .development
      }
  }
}
