package import IntegrationAPI
internal import KeyRules
internal import ProtobufC

/// One secret of a key: what is known of it without knowing it.
package struct APIKeySecret: Hashable, Sendable {
  /// 1 for the first, one more at each rotation.
  package var version: Int32
  package var prefix: String
  package var lastFour: String
  package var createdAt: UnixTime
  /// When its grace period ends. Nil for the newest.
  package var expiresAt: UnixTime?
  package var lastUsedAt: UnixTime?

  /// As callers see it.
  package var message: ApiKeySecret {
    var secret = ApiKeySecret()
    secret.version = version
    secret.prefix = prefix
    secret.lastFour = lastFour
    secret.createdAt = createdAt.timestamp
    secret.expiresAt = expiresAt?.timestamp
    secret.lastUsedAt = lastUsedAt?.timestamp
    return secret
  }
}

/// Where a signing secret rests encrypted: nowhere else does its envelope open.
struct SigningSecretPlace {
  let tenant: TenantID
  let key: APIKeyID
  let version: Int32

  var context: EnvelopeContext {
    EnvelopeContext(
      tenant: tenant.description, table: "api_key_secrets", column: "api_secret",
      row: key.description, revision: Int64(version))
  }
}
