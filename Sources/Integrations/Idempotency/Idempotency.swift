internal import FoundationEssentials
package import KeyRules
package import PostgresClient
package import ProtobufC
internal import Reactor
package import TTRPC

/// Makes changes that may be repeated.
///
/// With a key, the change and the memory of it are one transaction: the key is claimed, the change
/// made, the answer kept, all or nothing. A repeat within 24 hours gets the kept answer; a repeat
/// that arrives while the first is still at work waits for it. A failed change leaves the key free.
///
/// When the reply to COMMIT is lost, nobody knows whether the change was made. With a key that is
/// found out: the same change is run again under the same key, and either finds the kept answer or
/// is made now. Without one the caller is told that the outcome is unknown.
package struct Idempotency: Sendable {
  /// After a conflict, or a connection lost before COMMIT.
  private static let retries = Database.Retries.upTo(4)
  /// The longest that is kept of a call's time for its answer.
  private static let longestFarewell = Duration.milliseconds(250)

  private let database: Database
  private let keyring: Keyring
  private let access: AccessControl

  package init(database: Database, keyring: Keyring, access: AccessControl) {
    self.database = database
    self.keyring = keyring
    self.access = access
  }

  /// Makes a change, once.
  /// - Parameters:
  ///   - key: as checked by ``RequestCheck/idempotencyKey(_:)``. Nil: not idempotent.
  ///   - tenant: whose rows the transaction sees; ``TenantID/directory`` for calls that belong to no
  ///     tenant.
  ///   - body: makes the change and the answer. It may run more than once, each time in a new
  ///     transaction, so it touches nothing else.
  /// - Throws: what `body` throws; ``ServiceError`` `failedPrecondition` with
  ///   `IDEMPOTENCY_KEY_REUSED`, `unavailable` with `OUTCOME_UNKNOWN`; `DatabaseError`.
  package func change<Request: IdempotentRequest, Response: Message>(
    _ request: Request, key: IdempotencyKey?, tenant: TenantID, _ call: CallContext,
    _ body: @Sendable (Transaction) async throws -> Response
  ) async throws -> Response {
    let deadline = Deadline.within(Self.time(of: call.deadline.remaining))
    guard let key else {
      do {
        return try await database.transaction(
          in: .tenant(tenant.uuid), deadline: deadline, retries: Self.retries, body)
      } catch let error as DatabaseError where error.kind == .outcomeUnknown {
        throw ServiceError.outcomeUnknown(cause: error)
      }
    }
    let place = IdempotencyPlace(
      tenant: tenant, caller: try access.principal(of: call).name, key: key)
    let digest = try request.digest(of: call.method)
    var pause = Duration.milliseconds(10)
    var doubt: DatabaseError?
    while true {
      do {
        return try await database.transaction(
          in: .tenant(tenant.uuid), deadline: deadline, retries: Self.retries
        ) { transaction in
          try await once(place, digest, call.method, transaction, body)
        }
      } catch let error as DatabaseError {
        if error.kind == .outcomeUnknown { doubt = error }
        guard let doubt else { throw error }
        // After a doubt, "the database is down" no longer means "it was not done".
        guard error.kind == .outcomeUnknown || error.kind == .unavailable,
          deadline.remaining > pause
        else {
          throw ServiceError.outcomeUnknown(cause: doubt)
        }
      } catch is ConcurrentPurge {
        continue
      }
      try await Task.sleep(for: pause)
      pause = min(pause * 2, .milliseconds(250))
    }
  }

  /// How much of a call's time a change may take until it is committed. What is left of it, a tenth,
  /// lets the caller hear of a doubt: at the very end it would only hear that its time is over, as if
  /// nothing had been done.
  package static func time(of remaining: Duration) -> Duration {
    remaining - min(remaining / 10, longestFarewell)
  }

  private func once<Response: Message>(
    _ place: IdempotencyPlace, _ digest: [UInt8], _ method: MethodName,
    _ transaction: Transaction, _ body: @Sendable (Transaction) async throws -> Response
  ) async throws -> Response {
    let claimed = try await transaction.rows(
      IdempotentRequestQueries.claim, place.columns + [.text(method.description)])
    guard let claimedAt = claimed.first else {
      let found = try await transaction.rows(IdempotentRequestQueries.find, place.columns)
      guard let (envelope, createdAt) = found.first else { throw ConcurrentPurge() }
      return try replay(envelope, place.context(revision: createdAt), digest)
    }
    let response = try await body(transaction)
    let envelope = try keyring.seal(
      (digest + (try response.serialized())).span, for: place.context(revision: claimedAt))
    try await transaction.execute(
      IdempotentRequestQueries.answer, place.columns + [.bytes(envelope)])
    return response
  }

  private func replay<Response: Message>(
    _ envelope: [UInt8], _ context: EnvelopeContext, _ digest: [UInt8]
  ) throws -> Response {
    let kept = try keyring.open(envelope, for: context)
    return try kept.withBytes { bytes in
      guard bytes.count >= digest.count,
        constantTimeEquals(bytes.extracting(first: digest.count), digest.span)
      else {
        throw ServiceError(
          .failedPrecondition, "this idempotency_key was used with another request",
          details: [.errorInfo(reason: ErrorReason.idempotencyKeyReused)])
      }
      return try Response(
        serialized: bytes.extracting(droppingFirst: digest.count), limits: .response)
    }
  }

  /// The row that held the key was purged between two statements: the key is free again.
  private struct ConcurrentPurge: Error {}
}
