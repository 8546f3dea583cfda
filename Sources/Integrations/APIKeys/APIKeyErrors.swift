internal import TTRPC

extension ErrorReason {
  package static let apiKeyRevoked = "API_KEY_REVOKED"
  package static let apiKeyDisabled = "API_KEY_DISABLED"
  package static let apiKeyExpired = "API_KEY_EXPIRED"
}

extension ServiceError {
  /// There is no such key, or it is another tenant's.
  static func noAPIKey(_ id: APIKeyID) -> ServiceError { notFound("api_key", id.description) }

  static func revoked(_ id: APIKeyID) -> ServiceError {
    refused(id, "is revoked", ErrorReason.apiKeyRevoked)
  }

  static func disabled(_ id: APIKeyID) -> ServiceError {
    refused(id, "is disabled", ErrorReason.apiKeyDisabled)
  }

  static func expired(_ id: APIKeyID) -> ServiceError {
    refused(id, "has expired", ErrorReason.apiKeyExpired)
  }

  private static func refused(
    _ id: APIKeyID, _ predicate: String, _ reason: String
  ) -> ServiceError {
    ServiceError(
      .failedPrecondition, "API key \(id) \(predicate)", details: [.errorInfo(reason: reason)])
  }
}
