package import DeliveryRules
package import OutboundHTTP
package import Signing

/// What it takes to deliver to a webhook: its settings as of one revision, decrypted. Never printed,
/// never stored.
package struct WebhookTarget: Sendable {
  /// How the receiver knows who calls.
  package enum Authentication: Sendable {
    case none
    /// The value of the `Authorization` header.
    case authorization(String)
    /// Signs with every secret that is live now.
    case signature(WebhookSigner)
  }

  package let lane: WebhookLane
  /// Of ``WebhookRepository``'s row; another one means that these settings are old.
  package let revision: Int64
  package let url: OutboundURL
  /// `POST`, `PUT` or `PATCH`.
  package let method: String
  /// Of every request, in order.
  package let headers: [(name: String, value: String)]
  package let authentication: Authentication
  /// When ``authentication`` is to be read anew because a secret stops signing. Nil: never.
  package let validUntil: UnixTime?
  /// How long one attempt may take.
  package let timeout: Duration
  package let policy: RetryPolicy
}

extension WebhookTarget: CustomStringConvertible, CustomReflectable {
  package var description: String { "target \(lane), revision \(revision)" }
  package var customMirror: Mirror {
    Mirror(self, children: ["lane": lane, "revision": revision] as KeyValuePairs<String, Any>)
  }
}

/// A webhook to which nothing can be delivered as it is stored. Trying again helps only once somebody
/// has changed the webhook, the keyring or the daemon's configuration.
package struct WebhookTargetFailure: Error, Equatable, Sendable {
  package enum Reason: Equatable, Sendable {
    /// Ours: the key is missing, or the row was tampered with.
    case credentials(WebhookVaultError)
    /// Theirs: the daemon's rules for URLs have become stricter since the webhook was made.
    case url(OutboundURLError)
    /// Ours: what was checked when it was stored does not hold.
    case settings
  }

  package let lane: WebhookLane
  package let revision: Int64
  package let reason: Reason
}

extension WebhookTargetFailure: CustomStringConvertible {
  /// For the attempt's error message and the log: holds no secret.
  package var description: String {
    switch reason {
    case .credentials: "the webhook's credentials cannot be read"
    case .url(let error): "webhook_url \(error)"
    case .settings: "the webhook's settings cannot be read"
    }
  }
}
