internal import FoundationEssentials
package import IntegrationAPI

extension CreateApiKeyRequest: IdempotentRequest {}
extension UpdateApiKeyRequest: IdempotentRequest {}
extension RevokeApiKeyRequest: IdempotentRequest {}
extension RotateApiKeyRequest: IdempotentRequest {}

extension ApiKeyState {
  /// As `APIKeyQueries.list` names it. Nil: no filter.
  var nameInQuery: String? {
    switch self {
    case .active: "active"
    case .disabled: "disabled"
    case .expired: "expired"
    case .revoked: "revoked"
    case .unspecified, .unrecognized: nil
    }
  }
}

extension UnixTime? {
  /// For the question that a page token answers.
  var text: String { map { "\($0.microseconds)" } ?? "" }
}

extension UnixTime {
  /// The daemon's clock. The database's decides.
  static var now: UnixTime {
    UnixTime(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
  }
}
