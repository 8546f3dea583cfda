package import PostgresClient
internal import Reactor
internal import TTRPC

/// Stores events and what is owed for them, exactly once.
///
/// Every event has its id before it is stored, so that even a lost reply to COMMIT leaves no doubt
/// for long: the same event is offered again under the same id, and either is stored now or turns
/// out to be there.
package struct Publisher: Sendable {
  private let database: Database
  private let events: EventRepository
  private let wake: @Sendable ([WebhookLane]) -> Void

  /// - Parameter wake: told of the lanes that have work as soon as it is committed.
  package init(database: Database, wake: @escaping @Sendable ([WebhookLane]) -> Void) {
    self.database = database
    self.wake = wake
    events = EventRepository(database: database)
  }

  /// Publishes one event; its commit is shared with those of other callers of the same turn.
  /// - Throws: ``ServiceError`` `notFound`, `failedPrecondition`, `unavailable` with
  ///   `OUTCOME_UNKNOWN`; `DatabaseError`.
  func publish(
    _ event: NewEvent, of tenant: TenantID, deadline: Deadline
  ) async throws -> PublishedEvent {
    let published = try await insist(of: tenant, deadline) {
      let offers = try await events.accept([event], of: tenant, deadline: deadline)
      let held = try await holders(of: offers, [event], tenant, deadline)
      return try judged(offers, [event], held, tenant)
    }
    guard let first = published.first else { throw ServiceError.lostRow }
    return first
  }

  /// Publishes several events in one transaction, all or none.
  func publish(
    _ batch: [NewEvent], of tenant: TenantID, deadline: Deadline
  ) async throws -> [PublishedEvent] {
    try await insist(of: tenant, deadline) {
      try await database.transaction(
        in: .tenant(tenant.uuid), deadline: deadline, retries: .upTo(4)
      ) { transaction in
        let offers = try await events.accept(batch, of: tenant, in: transaction)
        let held = try await holders(of: offers, batch, tenant, deadline)
        return try judged(offers, batch, held, tenant)
      }
    }
  }

  /// What an event is answered with that was published before, under its key. Nil: it was not.
  func earlier(
    _ event: NewEvent, of tenant: TenantID, deadline: Deadline
  ) async throws -> PublishedEvent? {
    guard event.idempotencyKey != nil else { return nil }
    let found = try await events.holders(of: [event], of: tenant, deadline: deadline).first
    guard let found, found.isSame else { return nil }
    return PublishedEvent(
      id: found.id, publishedAt: found.publishedAt, webhooks: [], isDuplicate: true)
  }

  /// Offers events until the outcome is known, or the deadline is near.
  private func insist(
    of tenant: TenantID, _ deadline: Deadline,
    _ offer: () async throws -> [PublishedEvent]
  ) async throws -> [PublishedEvent] {
    var pause = Duration.milliseconds(10)
    var doubt: DatabaseError?
    while true {
      do {
        let published = try await offer()
        wake(
          published.flatMap { event in
            event.webhooks.map { WebhookLane(tenant: tenant, webhook: $0) }
          })
        return published
      } catch let error as DatabaseError {
        if error.kind == .outcomeUnknown { doubt = error }
        guard let doubt else { throw error }
        // After a doubt, "the database is down" no longer means "it was not done".
        guard error.kind == .outcomeUnknown || error.kind == .unavailable,
          deadline.remaining > pause
        else {
          throw ServiceError.outcomeUnknown(cause: doubt)
        }
      } catch {
        // What is refused now may have been accepted by the offer whose reply was lost.
        throw doubt.map { ServiceError.outcomeUnknown(cause: $0) } ?? error
      }
      try await Task.sleep(for: pause)
      pause = min(pause * 2, .milliseconds(250))
    }
  }

  /// Why an event was not stored that nobody has stored before.
  private func refusal(
    _ offer: EventQueries.Offer, _ event: NewEvent, _ tenant: TenantID
  ) -> ServiceError? {
    switch offer.outcome {
    case "no_tenant": .noTenant(tenant)
    case "suspended": .tenantSuspended
    case "archived": .archived(event.type)
    default: nil
    }
  }

  private func holders(
    of offers: [EventQueries.Offer], _ batch: [NewEvent], _ tenant: TenantID, _ deadline: Deadline
  ) async throws(DatabaseError) -> [Int: EventQueries.Holder] {
    // Also what is refused may have been published before that, under its key.
    let asks = zip(offers, batch).contains { offer, event in
      offer.outcome == "held" || (offer.outcome != "accepted" && event.idempotencyKey != nil)
    }
    guard asks else { return [:] }
    let found = try await events.holders(of: batch, of: tenant, deadline: deadline)
    return Dictionary(
      found.map { (Int($0.ordinal) - 1, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private func judged(
    _ offers: [EventQueries.Offer], _ batch: [NewEvent], _ held: [Int: EventQueries.Holder],
    _ tenant: TenantID
  ) throws -> [PublishedEvent] {
    guard offers.count == batch.count else { throw ServiceError.lostRow }
    return try offers.indices.map { index in
      let offer = offers[index]
      if offer.outcome == "accepted", let publishedAt = offer.publishedAt {
        return PublishedEvent(
          id: batch[index].id, publishedAt: publishedAt, webhooks: offer.webhooks,
          isDuplicate: false)
      }
      guard let holder = held[index] else {
        if let refusal = refusal(offer, batch[index], tenant) { throw refusal }
        // An event of this very batch has the key, or the one that had it was purged just now.
        return try sibling(of: index, in: batch, offers)
      }
      guard holder.isSame else { throw ServiceError.idempotencyKeyReused }
      // Our own id: an offer before, whose reply was lost, had succeeded.
      return PublishedEvent(
        id: holder.id, publishedAt: holder.publishedAt, webhooks: [],
        isDuplicate: holder.id != batch[index].id)
    }
  }

  /// What an event is whose key an earlier one of the same batch has.
  private func sibling(
    of index: Int, in batch: [NewEvent], _ offers: [EventQueries.Offer]
  ) throws -> PublishedEvent {
    let event = batch[index]
    let earlier = batch.indices.first {
      $0 != index && batch[$0].idempotencyKey == event.idempotencyKey
        && offers[$0].outcome == "accepted"
    }
    guard let earlier, event.idempotencyKey != nil, let publishedAt = offers[earlier].publishedAt
    else {
      throw DatabaseError(.serialization)
    }
    guard batch[earlier].type == event.type, batch[earlier].data == event.data else {
      throw ServiceError.idempotencyKeyReused
    }
    return PublishedEvent(
      id: batch[earlier].id, publishedAt: publishedAt, webhooks: [], isDuplicate: true)
  }
}

extension ServiceError {
  /// The database answered with fewer rows than it was asked for.
  fileprivate static let lostRow = ServiceError(.internal, "the daemon failed")

  static let tenantSuspended = ServiceError(
    .failedPrecondition, "the tenant is suspended",
    details: [.errorInfo(reason: ErrorReason.tenantSuspended)])

  static let idempotencyKeyReused = ServiceError(
    .failedPrecondition, "this idempotency_key was used with another event",
    details: [.errorInfo(reason: ErrorReason.idempotencyKeyReused)])

  static func archived(_ type: String) -> ServiceError {
    ServiceError(
      .failedPrecondition, "the event type \(type) is archived",
      details: [.errorInfo(reason: ErrorReason.eventTypeArchived)])
  }
}

extension ErrorReason {
  package static let eventTypeArchived = "EVENT_TYPE_ARCHIVED"
}
