internal import IntegrationAPI

/// What the owner of a webhook decides about it, but for what is kept encrypted.
package struct WebhookSettings: Hashable, Sendable {
  package var name: String
  /// As it was given; checked when it was.
  package var url: String
  package var subscribedEvents: [String]
  package var authentication: WebhookAuthentication
  /// `POST`, `PUT` or `PATCH`.
  package var method: String
  /// How long one attempt may take, in milliseconds.
  package var timeoutMs: Int64
  package var retry: WebhookRetrySettings
  package var isActive: Bool
}

/// The state of a webhook, as `WebhookQueries.list` names it.
extension WebhookState {
  /// Nil: no filter.
  var nameInQuery: String? {
    switch self {
    case .active: "active"
    case .disabled: "disabled"
    case .disabledByReceiver: "disabled_by_receiver"
    case .unspecified, .unrecognized: nil
    }
  }
}
