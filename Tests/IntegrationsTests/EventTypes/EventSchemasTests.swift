import FoundationEssentials
import IntegrationAPI
import Integrations
import JSONSchema
import ProtobufC
import Reactor
import Synchronization
import TTRPC
import Testing

@Suite("Schemas of event types, for publishing")
struct EventSchemasTests {
  private static let tenant = TenantID(UUID())
  private static let amount = Array(
    #"{"type": "object", "properties": {"amount": {"maximum": 10}}, "required": ["amount"]}"#.utf8)

  /// A catalogue in memory, whose reads are counted and can be held up, and a clock that is moved.
  private final class Catalogue: Sendable {
    struct State {
      var schemas: [String: (bytes: [UInt8], at: UnixTime)] = [:]
      var reads: [(type: String, known: UnixTime?)] = []
      var now = MonotonicInstant(nanoseconds: 0)
      var failure: (any Error)?
      var gate: Completion<Void>?
      var arrival: Completion<Void>?
    }

    let state = Mutex(State())

    func set(_ type: String, _ schema: [UInt8]?, at time: Int64 = 1) {
      state.withLock { state in
        state.schemas[type] = schema.map { ($0, UnixTime(microseconds: time)) }
      }
    }

    func advance(_ duration: Duration) {
      state.withLock { $0.now = $0.now.advanced(by: duration) }
    }

    var reads: Int { state.withLock { $0.reads.count } }

    func read(
      _ type: String, _ known: UnixTime?
    ) async throws -> EventTypeRepository.SchemaReading {
      let (reading, gate, arrival, failure) = state.withLock { state in
        state.reads.append((type, known))
        let reading: EventTypeRepository.SchemaReading
        if let (bytes, at) = state.schemas[type] {
          reading = at == known ? .unchanged : .changed(bytes, at: at)
        } else {
          reading = .absent
        }
        // The first read alone is held up.
        defer { (state.gate, state.arrival) = (nil, nil) }
        return (reading, state.gate, state.arrival, state.failure)
      }
      arrival?.succeed(())
      try await gate?.value()
      if let failure { throw failure }
      return reading
    }

    func schemas() -> EventSchemas {
      EventSchemas(now: { self.state.withLock { $0.now } }) { type, _, known, _ in
        try await self.read(type, known)
      }
    }
  }

  /// Who has ended, in order.
  private final class Ended: Sendable {
    let names = Mutex<[String]>([])
  }

  private func check(
    _ schemas: EventSchemas, _ payload: String, _ type: String = "t",
    within time: Duration = .seconds(60)
  ) async throws {
    var work = StepBudget()
    try await check(schemas, payload, type, &work, within: time)
  }

  private func check(
    _ schemas: EventSchemas, _ payload: String, _ type: String, _ work: inout StepBudget,
    within time: Duration = .seconds(60)
  ) async throws {
    try await schemas.check(
      type, of: Self.tenant, payload: Array(payload.utf8), &work, deadline: .within(time))
  }

  @Test("what is wrong is named by its JSON pointer, on event_data")
  func pointers() async throws {
    let catalogue = Catalogue()
    catalogue.set("t", Self.amount)
    let schemas = catalogue.schemas()
    try await check(schemas, #"{"amount": 10}"#)
    let error = await expectStatus(.invalidArgument) {
      try await check(schemas, #"{"amount": 11}"#)
    }
    #expect(error?.fieldViolations.map(\.field) == ["event_data"])
    #expect(error?.fieldViolations.first?.description.hasPrefix("/amount must be") == true)
    #expect(error?.message.hasPrefix("event_data /amount must be") == true)
    let whole = await expectStatus(.invalidArgument) { try await check(schemas, "[]") }
    #expect(whole?.fieldViolations.first?.description.hasPrefix("must") == true)
    await expectViolations(["event_data"]) { try await check(schemas, "{") }
    #expect(catalogue.reads == 1)
  }

  @Test("a type without a schema takes anything, even what is no JSON: that is for others to say")
  func absent() async throws {
    let catalogue = Catalogue()
    let schemas = catalogue.schemas()
    for _ in 0..<3 { try await check(schemas, "{") }
    #expect(catalogue.reads == 1)
  }

  @Test("an answer holds for a second, and is then only asked whether it changed")
  func validity() async throws {
    let catalogue = Catalogue()
    catalogue.set("t", Self.amount)
    let schemas = catalogue.schemas()
    try await check(schemas, #"{"amount": 1}"#)
    catalogue.set("t", Array("false".utf8), at: 2)
    catalogue.advance(.milliseconds(999))
    try await check(schemas, #"{"amount": 1}"#)
    catalogue.advance(.milliseconds(1))
    await expectViolations(["event_data"]) { try await check(schemas, #"{"amount": 1}"#) }
    catalogue.advance(.seconds(1))
    await expectViolations(["event_data"]) { try await check(schemas, #"{"amount": 1}"#) }
    catalogue.set("t", nil)
    catalogue.advance(.seconds(1))
    try await check(schemas, #"{"amount": 1}"#)
    catalogue.set("t", Self.amount, at: 3)
    try await check(schemas, "[]")
    catalogue.advance(.seconds(1))
    await expectViolations(["event_data"]) { try await check(schemas, "[]") }
    let known = catalogue.state.withLock { $0.reads.map { $0.known?.microseconds } }
    #expect(known == [nil, 1, 2, 2, nil])
  }

  @Test("publishers that come while a read is on its way share it")
  func coalesced() async throws {
    let catalogue = Catalogue()
    catalogue.set("t", Self.amount)
    let (gate, arrival) = (Completion<Void>(), Completion<Void>())
    catalogue.state.withLock { ($0.gate, $0.arrival) = (gate, arrival) }
    let schemas = catalogue.schemas()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await check(schemas, #"{"amount": 1}"#) }
      try await arrival.value()
      for _ in 0..<50 { group.addTask { try await check(schemas, #"{"amount": 1}"#) } }
      // Another type does not wait.
      try await check(schemas, "[]", "other")
      gate.succeed(())
      try await group.waitForAll()
    }
    #expect(catalogue.reads == 2)
  }

  @Test("a failed read fails those who waited for it, and the next one tries again")
  func failure() async throws {
    let catalogue = Catalogue()
    catalogue.set("t", Self.amount)
    catalogue.state.withLock { $0.failure = ServiceError(.unavailable, "down") }
    let schemas = catalogue.schemas()
    await expectStatus(.unavailable) { try await check(schemas, "[]") }
    catalogue.state.withLock { $0.failure = nil }
    await expectViolations(["event_data"]) { try await check(schemas, "[]") }
    catalogue.advance(.seconds(1))
    // What was obeyed a second ago is not obeyed without asking.
    catalogue.state.withLock { $0.failure = ServiceError(.unavailable, "down") }
    await expectStatus(.unavailable) { try await check(schemas, "[]") }
  }

  @Test("whoever gives up harms nobody who waits too, and a deadline is kept")
  func givingUp() async throws {
    let catalogue = Catalogue()
    catalogue.set("t", Self.amount)
    let (gate, arrival) = (Completion<Void>(), Completion<Void>())
    catalogue.state.withLock { ($0.gate, $0.arrival) = (gate, arrival) }
    let schemas = catalogue.schemas()
    let loops = try EventLoopGroup(count: 1, name: "test")
    let first = Task { try await check(schemas, #"{"amount": 1}"#) }
    try await arrival.value()
    await #expect(throws: DeadlineExceeded.self) {
      try await loops.loops[0].run {
        try await check(schemas, #"{"amount": 1}"#, within: .milliseconds(1))
      }
    }
    let second = Task { try await check(schemas, #"{"amount": 1}"#) }
    first.cancel()
    await #expect(throws: CancellationError.self) { try await first.value }
    gate.succeed(())
    try await second.value
    try await loops.loops[0].run { try await check(schemas, "{}", "other") }
    #expect(catalogue.reads == 2)
    await loops.shutdown()
  }

  @Test("a stored schema that is none is the daemon's fault, and is not read again and again")
  func unusable() async throws {
    let catalogue = Catalogue()
    catalogue.set("t", Array(#"{"type": 7}"#.utf8))
    let schemas = catalogue.schemas()
    for _ in 0..<2 {
      let error = await expectStatus(.internal) { try await check(schemas, "[]") }
      #expect(error?.message == "the schema of the event type t cannot be used")
    }
    #expect(catalogue.reads == 1)
  }

  @Test("a check that takes too much work is the payload's fault")
  func tooComplex() async throws {
    let catalogue = Catalogue()
    catalogue.set("t", Array(#"{"items": {"pattern": "^(a|aa|aaa|aaaa|aaaaa|aaaaaa)*$"}}"#.utf8))
    let schemas = catalogue.schemas()
    let text = String(repeating: "a", count: 1000)
    let payload = "[" + Array(repeating: "\"\(text)\"", count: 250).joined(separator: ",") + "]"
    let error = await expectStatus(.invalidArgument) { try await check(schemas, payload) }
    #expect(error?.message == "event_data takes too much work to validate against its schema")
  }

  @Test("the payloads of a call share its work")
  func sharedWork() async throws {
    let catalogue = Catalogue()
    catalogue.set("t", Array(#"{"items": {"type": "integer"}}"#.utf8))
    let schemas = catalogue.schemas()
    let payload = "[\((0..<1_000).map(String.init).joined(separator: ","))]"
    var work = StepBudget(steps: 10_000)
    var checked = 0
    let error = await expectStatus(.invalidArgument) {
      while checked < 100 {
        try await check(schemas, payload, "t", &work)
        checked += 1
      }
    }
    #expect(error?.message == "event_data takes too much work to validate against its schema")
    #expect((2...9).contains(checked))
    // Another call has its own.
    try await check(schemas, payload, "t")
  }

  @Test(
    "while a payload is checked its loop has turns for others",
    arguments: [
      (calls: 1, payloads: 1, items: 50_000, steps: StepBudget.usualSteps),
      (calls: 1, payloads: 500, items: 100, steps: StepBudget.usualSteps),
      // Each is too much work.
      (calls: 20, payloads: 1, items: 4_000, steps: 10_000),
    ])
  func turns(calls: Int, payloads: Int, items: Int, steps: Int) async throws {
    let catalogue = Catalogue()
    catalogue.set("t", Array(#"{"items": {"type": "integer"}}"#.utf8))
    let schemas = catalogue.schemas()
    let payload = "[\((0..<items).map(String.init).joined(separator: ","))]"
    let loop = try EventLoop(name: "test")
    let turns = Mutex(0)
    let isOver = Mutex(false)
    @Sendable func count() {
      turns.withLock { $0 += 1 }
      if !isOver.withLock({ $0 }) { _ = loop.schedule(after: .nanoseconds(1)) { count() } }
    }
    try await loop.run {
      // The first one fetches the schema.
      try await check(schemas, payload)
      count()
      for _ in 0..<calls {
        var work = StepBudget(steps: steps)
        for _ in 0..<payloads {
          do {
            try await check(schemas, payload, "t", &work)
            #expect(steps == StepBudget.usualSteps)
          } catch is ServiceError {
            #expect(steps < StepBudget.usualSteps)
          }
        }
      }
      isOver.withLock { $0 = true }
    }
    // An item takes three steps, and others have a turn after 20,000.
    #expect(turns.withLock { $0 } > 5)
    await loop.shutdown()
  }

  @Test("of a tenant one check at a time is under way, and another tenant's does not wait for it")
  func oneAtATime() async throws {
    let catalogue = Catalogue()
    catalogue.set("t", Array(#"{"items": {"type": "integer"}}"#.utf8))
    let schemas = catalogue.schemas()
    let payload = Array("[\((0..<30_000).map(String.init).joined(separator: ","))]".utf8)
    let other = TenantID(UUID())
    let loop = try EventLoop(name: "test")
    let ended = Ended()
    @Sendable func check(_ name: String, of tenant: TenantID, _ payload: [UInt8]) async throws {
      var work = StepBudget()
      do {
        try await schemas.check(
          "t", of: tenant, payload: payload, &work,
          deadline: .within(name == "late" ? .nanoseconds(1) : .seconds(60)))
      } catch is DeadlineExceeded {
        ended.names.withLock { $0.append("\(name) is late") }
        return
      }
      ended.names.withLock { $0.append(name) }
    }
    try await loop.run {
      // These fetch the schema.
      try await check("", of: Self.tenant, [UInt8]("[]".utf8))
      try await check("", of: other, [UInt8]("[]".utf8))
      ended.names.withLock { $0 = [] }
      let calls = [
        ("first", Self.tenant, payload), ("late", Self.tenant, payload),
        ("second", Self.tenant, [UInt8]("[]".utf8)), ("other", other, [UInt8]("[]".utf8)),
      ]
      await withTaskGroup(of: Void.self) { group in
        for (name, tenant, payload) in calls {
          group.addTask(executorPreference: loop) {
            await #expect(throws: Never.self) { try await check(name, of: tenant, payload) }
          }
        }
      }
    }
    let order = ended.names.withLock { $0 }
    #expect(Set(order) == ["first", "late is late", "second", "other"])
    #expect(order.firstIndex(of: "other") ?? 9 < order.firstIndex(of: "first") ?? 0)
    #expect(order.firstIndex(of: "first") ?? 9 < order.firstIndex(of: "second") ?? 0)
    await loop.shutdown()
  }

  @Test("a check ends with its call", arguments: [true, false])
  func ends(isCancelled: Bool) async throws {
    let catalogue = Catalogue()
    catalogue.set("t", Array(#"{"items": {"type": "integer"}}"#.utf8))
    let schemas = catalogue.schemas()
    let payload = "[\((0..<50_000).map(String.init).joined(separator: ","))]"
    try await check(schemas, "[]")
    let task = Task {
      if isCancelled {
        withUnsafeCurrentTask { unsafe $0?.cancel() }
        try await check(schemas, payload)
      } else {
        try await check(schemas, payload, within: .zero)
      }
    }
    if isCancelled {
      await #expect(throws: CancellationError.self) { try await task.value }
    } else {
      await #expect(throws: DeadlineExceeded.self) { try await task.value }
    }
  }

  @Test("what is remembered is bounded, and what is used stays")
  func bounded() async throws {
    let catalogue = Catalogue()
    catalogue.set("t", Self.amount)
    let schemas = catalogue.schemas()
    try await check(schemas, #"{"amount": 1}"#)
    for number in 0..<(EventSchemas.capacity * 3) {
      try await check(schemas, "[]", "t\(number)")
      await expectViolations(["event_data"]) { try await check(schemas, "[]") }
    }
    // "t" is the one that was read once.
    #expect(catalogue.reads == EventSchemas.capacity * 3 + 1)
    let before = catalogue.reads
    try await check(schemas, "[]", "t0")
    #expect(catalogue.reads == before + 1)
    // Large schemas are bounded by their bytes as well: 65,000 each, and 300 are more than 16 MiB.
    let large = Array((String(repeating: " ", count: 65_000) + "true").utf8)
    for number in 0..<300 {
      catalogue.set("large.\(number)", large)
      try await check(schemas, "[]", "large.\(number)")
    }
    try await check(schemas, "[]", "large.0")
    #expect(catalogue.reads == before + 302)
  }

  @Test("with a real catalogue: what is not published is what the tenant's own schema says")
  func database() async throws {
    try await WebhooksWorld.run { world in
      let clock = Mutex(MonotonicInstant(nanoseconds: 0))
      let types = EventTypeRepository(database: world.daemon.database)
      let schemas = EventSchemas(now: { clock.withLock { $0 } }) { type, tenant, known, deadline in
        try await types.schema(of: type, tenant: tenant, unless: known, deadline: deadline)
      }
      func check(_ payload: String, of tenant: TenantID) async throws {
        var work = StepBudget()
        try await schemas.check(
          "t", of: tenant, payload: Array(payload.utf8), &work, deadline: .within(.seconds(60)))
      }
      let other = TenantID(UUID())
      try await world.makeTenant(other)
      try await world.createType("t") { $0.schema = Self.amount }
      await expectViolations(["event_data"]) { try await check("[]", of: world.tenant) }
      try await check("[]", of: other)
      try await world.updateType("t", ["schema"]) { $0.schema = Array("true".utf8) }
      clock.withLock { $0 = $0.advanced(by: .seconds(1)) }
      try await check("[]", of: world.tenant)
      // Archived or not is not asked here, and unchanged is what it was.
      clock.withLock { $0 = $0.advanced(by: .seconds(1)) }
      try await check("[]", of: world.tenant)
      try await world.deleteType("t")
      clock.withLock { $0 = $0.advanced(by: .seconds(1)) }
      try await check("[]", of: world.tenant)
      var work = StepBudget()
      try await EventSchemas(types).check(
        "t", of: world.tenant, payload: [], &work, deadline: .within(.seconds(60)))
    }
  }
}
