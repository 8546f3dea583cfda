internal import KeyRules
internal import Signing

/// A new signing secret for a webhook.
struct SecretRotation: Sendable {
  private let secret: SigningSecret
  private let isGenerated: Bool

  /// - Parameter text: the secret; empty: one is generated.
  /// - Throws: ``ServiceError`` `failedPrecondition` when the webhook does not sign,
  ///   `invalidArgument` for a secret that does not fit its profile or signs already.
  init(_ text: String, of webhook: WebhookRecord) throws(ServiceError) {
    guard let form = webhook.row.settings.authentication.form else {
      throw .doesNotSign(webhook.row.lane.webhook)
    }
    isGenerated = text.isEmpty
    guard !text.isEmpty else {
      secret = form.generateSecret()
      return
    }
    do throws(UnfitSecret) {
      secret = try form.secret(text)
    } catch {
      throw .invalid("signing_secret", "\(error)")
    }
    let live = webhook.credentials.liveSecrets(at: webhook.row.readAt)
    guard !live.contains(where: { $0.signingSecret?.text == secret.text }) else {
      throw .invalid("signing_secret", "signs already")
    }
  }

  /// - Parameter overlap: how long the old secrets sign too; zero ends them at once, so that there is
  ///   room for the new one however many there are.
  /// - Returns: the text of the secret if it was generated; else empty.
  /// - Throws: ``ServiceError`` `failedPrecondition` when too many live.
  func apply(
    to webhook: inout WebhookRecord, overlap: Duration
  ) throws(ServiceError) -> String {
    let now = webhook.row.readAt
    let live = webhook.credentials.liveSecrets(at: now).count
    guard live < WebhooksService.maxLiveSecrets || overlap == .zero else {
      throw .secretsFull(webhook.row.lane.webhook, live)
    }
    webhook.credentials.rotate(
      to: secret, at: now, overlapEnd: now.advanced(by: overlap))
    return isGenerated ? secret.text.reveal() : ""
  }
}
