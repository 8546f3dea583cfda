package import Logging
internal import OutboundHTTP
package import PostgresClient
package import Reactor
internal import Synchronization

/// Reads what it takes to deliver, for the delivery engine: for webhooks of all tenants, as the worker.
package final class WebhookTargets: Sendable {
  /// Failures remembered so as not to log them again. When there are more, some are logged twice.
  private static let maxRemembered = 10_000

  private let webhooks: WebhookRepository
  private let rules: OutboundURLRules
  private let logger: Logger
  /// Revisions whose failure was logged.
  private let logged = Mutex<[WebhookLane: Int64]>([:])

  package init(_ webhooks: WebhookRepository, outbound: OutboundSettings, logger: Logger) {
    self.webhooks = webhooks
    rules = OutboundURLRules(allowsHTTP: outbound.allowsHTTP)
    self.logger = logger
  }

  /// What it takes to deliver to each of these webhooks, in no particular order. A webhook that is
  /// deleted has no result; one that cannot be delivered to has its ``WebhookTargetFailure``, logged
  /// once for each revision.
  package func targets(
    of lanes: [WebhookLane], deadline: Deadline
  ) async throws(DatabaseError) -> [Result<WebhookTarget, WebhookTargetFailure>] {
    guard !lanes.isEmpty else { return [] }
    let rows = try await webhooks.database.rows(
      WebhookQueries.targets,
      [.uuidArray(lanes.map(\.tenant.uuid)), .uuidArray(lanes.map(\.webhook.uuid))],
      in: .worker, deadline: deadline)
    return rows.map { row in
      do throws(WebhookTargetFailureReason) {
        return .success(try target(row))
      } catch {
        let failure = WebhookTargetFailure(
          lane: row.lane, revision: row.revision, reason: error)
        report(failure)
        return .failure(failure)
      }
    }
  }

  private func target(_ row: WebhookRow) throws(WebhookTargetFailureReason) -> WebhookTarget {
    let credentials: WebhookCredentials
    do throws(WebhookVaultError) {
      credentials = try webhooks.vault.open(row.sealed, for: row.lane, revision: row.revision)
    } catch {
      throw .credentials(error)
    }
    return try WebhookTarget(WebhookRecord(row: row, credentials: credentials), rules: rules)
  }

  private func report(_ failure: WebhookTargetFailure) {
    let isNew = logged.withLock { logged in
      if logged.count >= Self.maxRemembered { logged.removeAll() }
      return logged.updateValue(failure.revision, forKey: failure.lane) != failure.revision
    }
    guard isNew else { return }
    var metadata: Logger.Metadata = [
      "webhook": "\(failure.lane)", "revision": "\(failure.revision)",
    ]
    if case .credentials(let error) = failure.reason { metadata["reason"] = "\(error)" }
    logger.error("nothing can be delivered to a webhook: \(failure)", metadata: metadata)
  }
}
