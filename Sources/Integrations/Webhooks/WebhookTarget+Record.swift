internal import DeliveryRules
internal import FoundationEssentials
internal import OutboundHTTP
internal import Signing

extension WebhookTarget {
  /// - Parameter rules: what the daemon lets URLs be now.
  /// - Throws: ``WebhookTargetFailure/Reason``.
  init(_ webhook: WebhookRecord, rules: OutboundURLRules) throws(WebhookTargetFailureReason) {
    let (row, credentials) = (webhook.row, webhook.credentials)
    lane = row.lane
    revision = row.revision
    url = try Self.url(row.settings.url, rules)
    method = row.settings.method
    headers = credentials.headers.map { ($0.name, $0.value) }
    authentication = try Self.authentication(webhook)
    validUntil = credentials.liveSecrets(at: row.readAt).compactMap(\.expiresAt).min()
      .map(UnixTime.init(microseconds:))
    timeout = .milliseconds(row.settings.timeoutMs)
    policy = try Self.policy(row.settings.retry)
  }

  private static func url(
    _ text: String, _ rules: OutboundURLRules
  ) throws(WebhookTargetFailureReason) -> OutboundURL {
    do throws(OutboundURLError) {
      return try OutboundURL(text, rules: rules)
    } catch {
      throw .url(error)
    }
  }

  private static func policy(
    _ retry: WebhookRetrySettings
  ) throws(WebhookTargetFailureReason) -> RetryPolicy {
    do {
      return try retry.retryPolicy()
    } catch {
      throw .settings
    }
  }

  private static func authentication(
    _ webhook: WebhookRecord
  ) throws(WebhookTargetFailureReason) -> Authentication {
    let credentials = webhook.credentials
    switch webhook.row.settings.authentication {
    case .none: return .none
    case .basic:
      guard let username = credentials.username, let password = credentials.password else {
        throw .settings
      }
      let pair = Data("\(username):\(password)".utf8)
      return .authorization("Basic \(pair.base64EncodedString())")
    case .bearer:
      guard let token = credentials.token else { throw .settings }
      return .authorization("Bearer \(token)")
    case .hmac(let form):
      let stored = credentials.liveSecrets(at: webhook.row.readAt)
      let secrets = stored.compactMap(\.signingSecret)
      guard secrets.count == stored.count else { throw .settings }
      do throws(SigningError) {
        return .signature(try WebhookSigner(profile: form.profile, secrets: secrets))
      } catch {
        throw .settings
      }
    }
  }
}

typealias WebhookTargetFailureReason = WebhookTargetFailure.Reason

extension WebhookTargetFailure.Reason: Error {}
