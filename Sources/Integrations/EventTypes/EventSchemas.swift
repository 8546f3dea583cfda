package import JSONSchema
internal import ProtobufC
package import Reactor
internal import Synchronization
internal import TTRPC

/// The compiled schemas of event types, for publishing.
///
/// What was read is obeyed for a second, that there is no schema as well; then it is asked whether it
/// changed. So every daemon obeys a change within a second of its commit, or within the time of one
/// read where that takes longer. Publishers that need the same answer wait for the same read.
package final class EventSchemas: Sendable {
  /// For how long an answer is obeyed, counted from when it was asked for.
  package static let validity = Duration.seconds(1)
  /// Types remembered, of all tenants. Those longest unused go first.
  package static let capacity = 1000
  /// Bytes of all their schemas.
  static let maxBytes = 16 << 20
  /// No publisher waits longer for one read, whatever its deadline.
  private static let patience = Duration.seconds(10)

  /// Reads the schema of a type, unless it is the one of the given moment.
  package typealias Read =
    @Sendable (String, TenantID, UnixTime?, Deadline) async throws ->
    EventTypeRepository.SchemaReading

  private struct State {
    var cache = SchemaCache(capacity: EventSchemas.capacity, maxBytes: EventSchemas.maxBytes)
    /// Who waits for a read that is on its way.
    var waiting: [SchemaCache.Key: [Completion<SchemaCache.Answer>]] = [:]
  }

  private let state = Mutex(State())
  private let turns = SchemaTurns()
  private let read: Read
  private let now: @Sendable () -> MonotonicInstant

  package init(
    now: @escaping @Sendable () -> MonotonicInstant = { MonotonicInstant.now() },
    read: @escaping Read
  ) {
    self.now = now
    self.read = read
  }

  package convenience init(_ types: EventTypeRepository) {
    self.init { type, tenant, known, deadline in
      try await types.schema(of: type, tenant: tenant, unless: known, deadline: deadline)
    }
  }

  /// Checks a payload against the schema of its type, if the tenant's catalogue has one. What takes long is
  /// done in parts, so that others have their turn (``SchemaTurns``).
  /// - Parameter work: what the checks of a call may still cost, all together.
  /// - Throws: ``ServiceError`` `invalidArgument` on `event_data`, a violation for each place that is
  ///   wrong, its JSON pointer in front; `internal` when the stored schema cannot be used; what the
  ///   read threw; `DeadlineExceeded` or `CancellationError`.
  package func check(
    _ type: String, of tenant: TenantID, payload: [UInt8], _ work: inout StepBudget,
    deadline: Deadline
  ) async throws {
    switch try await answer(SchemaCache.Key(tenant: tenant, type: type), deadline) {
    case .anything: return
    case .matching(let schema):
      var place = try await turns.enter(tenant, deadline)
      defer { turns.leave(place) }
      try await Self.check(payload, against: schema, &work, &place, deadline)
    case .unusable(let reason):
      throw ServiceError(
        .internal, "the schema of the event type \(type) cannot be used",
        cause: UnusableSchema(description: "\(tenant) \(type): \(reason)"))
    }
  }

  private static func check(
    _ payload: [UInt8], against schema: JSONSchema, _ work: inout StepBudget,
    _ place: inout SchemaTurns.Place, _ deadline: Deadline
  ) async throws {
    let field = "event_data"
    try await place.pauseIfDue(deadline)
    place.noteReading(payload.count)
    let document: JSONDocument
    do throws(JSONError) {
      document = try JSONDocument(parsing: payload)
    } catch {
      throw ServiceError.invalid(field, error.sentence)
    }
    var validation = schema.validation(of: document, budget: work)
    do {
      var isOver = false
      while !isOver {
        try await place.pauseIfDue(deadline)
        // Also when it was too much: others have their turn after that as well.
        defer {
          place.note(work.remaining - validation.budget.remaining)
          work = validation.budget
        }
        isOver = try validation.goOn(steps: place.left)
      }
    } catch let error as ValidationError {
      throw ServiceError.invalid(field, "\(error)")
    }
    guard !validation.violations.isEmpty else { return }
    throw ServiceError.invalid(
      validation.violations.map { violation in
        // The whole document has the empty pointer.
        FieldViolation(
          field: field, description: String(violation.description.drop { $0 == " " }))
      })
  }

  private struct UnusableSchema: Error, CustomStringConvertible {
    let description: String
  }

  // MARK: Answers

  private func answer(
    _ key: SchemaCache.Key, _ deadline: Deadline
  ) async throws -> SchemaCache.Answer {
    let wait = Completion<SchemaCache.Answer>()
    let (known, isFirst) = state.withLock { state -> (SchemaCache.Answer?, Bool) in
      if let entry = state.cache.use(key), entry.askedAt.duration(to: now()) < Self.validity {
        return (entry.answer, false)
      }
      state.waiting[key, default: []].append(wait)
      return (nil, state.waiting[key]?.count == 1)
    }
    if let known { return known }
    let loop = EventLoop.current
    if isFirst {
      // Not a child of this call: it works for others too, and must not be cancelled with it. Its
      // patience ends it.
      if let loop { loop.start { await self.refresh(key) } } else { Task { await refresh(key) } }
    }
    guard let loop else { return try await wait.value() }
    return try await wait.value(by: deadline, on: loop)
  }

  /// Reads a type's schema and tells everybody who waits for it.
  private func refresh(_ key: SchemaCache.Key) async {
    let askedAt = now()
    let before = state.withLock { $0.cache.use(key) }
    do {
      let reading = try await read(
        key.type, key.tenant, before?.updatedAt, .within(Self.patience))
      let entry = SchemaCache.Entry(reading, askedAt: askedAt, before: before)
      let waiting = state.withLock { state in
        state.cache.keep(entry, for: key)
        return state.waiting.removeValue(forKey: key) ?? []
      }
      for waiter in waiting { waiter.succeed(entry.answer) }
    } catch {
      let waiting = state.withLock { $0.waiting.removeValue(forKey: key) ?? [] }
      for waiter in waiting { waiter.fail(error) }
    }
  }
}
