internal import FoundationEssentials
internal import KeyRules
package import Logging
package import PostgresClient
package import Reactor

/// Seals the credentials of webhooks with the newest key-encryption key where an older one was used, so
/// that the older one can be taken out of the keyring. What is sealed, and its revision, stay.
package struct CredentialRewrapper: Sendable {
  private static let batch = 100
  private static let timeout = Duration.seconds(10)

  private let webhooks: WebhookRepository
  private let logger: Logger
  private let pause: Duration

  /// What one walk over all webhooks did.
  package struct Outcome: Hashable, Sendable {
    /// Envelopes that were sealed anew.
    package var rewrapped = 0
    /// Those that a concurrent change has sealed anew meanwhile.
    package var overtaken = 0
    /// Those that do not open: they keep the old key in use.
    package var unreadable = 0

    package init() {}
  }

  /// - Parameter pause: between two walks, give or take a fifth.
  package init(
    _ webhooks: WebhookRepository, logger: Logger, pause: Duration = .seconds(600)
  ) {
    self.webhooks = webhooks
    self.logger = logger
    self.pause = pause
  }

  /// Walks at once, and after each pause, until cancelled. A failure waits for the next time: the old
  /// key still opens what it sealed.
  package func run() async throws {
    while true {
      do {
        let outcome = try await rewrap()
        if outcome != Outcome() {
          logger.info(
            "sealed credentials of webhooks with the newest key",
            metadata: [
              "rewrapped": "\(outcome.rewrapped)", "overtaken": "\(outcome.overtaken)",
              "unreadable": "\(outcome.unreadable)",
            ])
        }
      } catch {
        logger.debug("credentials of webhooks were not sealed anew: \(error)")
      }
      // Spread over daemons that started together.
      try await Task.sleep(for: pause * Double.random(in: 0.8...1.2))
    }
  }

  /// Walks over all webhooks once.
  /// - Throws: `DatabaseError`; what was done until then is done.
  package func rewrap() async throws -> Outcome {
    var outcome = Outcome()
    var last = WebhookLane(tenant: .directory, webhook: WebhookID(.nilUUID))
    while true {
      let found = try await webhooks.sealed(
        before: webhooks.vault.keyring.primaryEncryptionKeyVersion, after: last,
        limit: Self.batch, deadline: .within(Self.timeout))
      for webhook in found { try await rewrap(webhook, &outcome) }
      guard found.count == Self.batch, let end = found.last else { return outcome }
      last = end.lane
    }
  }

  /// How many rows need which version of the key-encryption key, those of deleted webhooks included:
  /// a version that is missing here is no longer needed for webhooks.
  package func remaining(deadline: Deadline) async throws(DatabaseError) -> [Int32: Int64] {
    try await webhooks.countSealed(deadline: deadline)
  }

  private func rewrap(_ webhook: SealedWebhook, _ outcome: inout Outcome) async throws {
    let envelope: [UInt8]
    do throws(WebhookVaultError) {
      envelope = try webhooks.vault.rewrap(
        webhook.envelope, for: webhook.lane, revision: webhook.revision)
    } catch {
      outcome.unreadable += 1
      logger.error(
        "the credentials of a webhook do not open: \(error)",
        metadata: ["webhook": "\(webhook.lane)", "revision": "\(webhook.revision)"])
      return
    }
    let isDone = try await webhooks.replace(
      webhook, with: envelope, deadline: .within(Self.timeout))
    if isDone { outcome.rewrapped += 1 } else { outcome.overtaken += 1 }
  }
}
