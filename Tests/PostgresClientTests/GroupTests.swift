import FoundationEssentials
import PostgresClient
import Reactor
import Testing

@Suite("Calls that share a Sync")
struct GroupTests {
  @Test("the writes of one turn are one transaction")
  func oneTransaction() async throws {
    try await TestWorld.with(loopCount: 1) { world in
      _ = try await world.database.row(
        Queries.transactionID, in: .unscoped, deadline: .ample)
      let ids = await world.together(Array(0..<32)) { _ in
        await outcome { () throws(DatabaseError) in
          try await world.database.row(Queries.transactionID, in: .unscoped, deadline: .ample)
        }
      }
      let distinct = Set(try ids.map { try $0.get() })
      #expect(distinct.count < 8)
    }
  }

  @Test("a group is no larger than its limit")
  func bounded() async throws {
    try await TestWorld.with(loopCount: 1, configure: { $0.maxCallsPerSync = 4 }) { world in
      _ = try await world.database.row(
        Queries.transactionID, in: .unscoped, deadline: .ample)
      let ids = await world.together(Array(0..<32)) { _ in
        await outcome { () throws(DatabaseError) in
          try await world.database.row(Queries.transactionID, in: .unscoped, deadline: .ample)
        }
      }
      var sizes: [String?: Int] = [:]
      for id in ids { sizes[try id.get(), default: 0] += 1 }
      #expect(sizes.values.allSatisfy { $0 <= 4 })
      #expect(sizes.count >= 8)
    }
  }

  @Test("a failed write takes no neighbour with it", arguments: [0, 1, 7, 15])
  func failedWrite(rank: Int) async throws {
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      let tenant = UUID()
      let answers = await world.together(Array(0..<16)) { index in
        await outcome { () throws(DatabaseError) in
          try await world.database.execute(
            Queries.add,
            [.uuid(tenant), .int(Int64(index)), .text(index == rank ? "" : "note")],
            in: .tenant(tenant), deadline: .ample)
        }
      }
      for (index, answer) in answers.enumerated() {
        if index == rank {
          let constraint = DatabaseError.Constraint(sort: .check, name: "notes_body_given")
          #expect(throws: DatabaseError.self) { try answer.get() }
          if case .failure(let error) = answer { #expect(error.kind == .constraint(constraint)) }
        } else {
          #expect(try answer.get() == 1)
        }
      }
      #expect(try await world.database.row(Queries.count, in: .worker, deadline: .ample) == 15)
    }
  }

  @Test("a failed read takes no neighbour with it")
  func failedRead() async throws {
    try await TestWorld.with(loopCount: 1) { world in
      let answers = await world.together([1, 0, 1, 0, 0, 1]) { divisor in
        await outcome { () throws(DatabaseError) in
          try await world.database.row(
            Queries.divide, [.int(divisor)], in: .unscoped, deadline: .ample)
        }
      }
      for (divisor, answer) in zip([1, 0, 1, 0, 0, 1], answers) {
        switch answer {
        case .success(let value): #expect(value == 1 && divisor == 1)
        case .failure(let error): #expect(error.sqlState == "22012" && divisor == 0)
        }
      }
    }
  }

  @Test("of two equal keys in one group the first is stored and the second refused")
  func duplicate() async throws {
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      let tenant = UUID()
      let answers = await world.together(["first", "second"]) { body in
        await outcome { () throws(DatabaseError) in
          try await world.database.execute(
            Queries.add, [.uuid(tenant), .int(1), .text(body)], in: .tenant(tenant),
            deadline: .ample)
        }
      }
      #expect(try answers[0].get() == 1)
      guard case .failure(let error) = answers[1] else {
        Issue.record("the second was stored")
        return
      }
      #expect(error.constraint(.unique) == "notes_pkey")
      #expect(
        try await world.database.rows(Queries.bodies, in: .tenant(tenant), deadline: .ample)
          == ["first"])
    }
  }

  @Test("a constraint checked at the commit fails only the call that broke it")
  func deferredConstraint() async throws {
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      let answers = await world.together([1, 99, 2, 98]) { other in
        await outcome { () throws(DatabaseError) in
          try await world.database.execute(
            Queries.addLate, [.int(other), .int(other)], in: .unscoped, deadline: .ample)
        }
      }
      for (other, answer) in zip([1, 99, 2, 98], answers) {
        switch answer {
        case .success: #expect(other < 3)
        case .failure(let error):
          #expect(other > 3)
          #expect(error.constraint(.foreignKey) == "late_other")
        }
      }
      #expect(
        try await world.database.row(Queries.lateCount, in: .unscoped, deadline: .ample) == 2)
    }
  }

  @Test("no call ever runs with a neighbour's tenant", arguments: 0..<6)
  func noLeak(seed: UInt64) async throws {
    try await TestWorld.with(
      loopCount: 1,
      configure: {
        $0.maxCallsPerSync = [1, 2, 3, 8, 64, 7][Int(seed)]
        $0.readConnections = 1 + Int(seed % 3)
      }
    ) { world in
      var random = SplitMix(seed: seed)
      let tenants = (0..<5).map { _ in UUID() }
      for tenant in tenants {
        _ = try await world.database.execute(
          Queries.add, [.uuid(tenant), .int(0), .text("own")], in: .tenant(tenant),
          deadline: .ample)
      }
      for _ in 0..<20 {
        let plan = (0..<Int.random(in: 1...80, using: &random)).map { _ in
          Step(
            tenant: Int.random(in: 0...5, using: &random) == 5
              ? nil : tenants.randomElement(using: &random),
            kind: Step.Kind.allCases.randomElement(using: &random) ?? .ask)
        }
        let verdicts = await world.together(plan) { step in await step.holds(in: world) }
        for (step, verdict) in zip(plan, verdicts) { #expect(verdict == nil, "\(step)") }
      }
    }
  }

  private struct Step: Sendable {
    enum Kind: CaseIterable { case ask, read, fail, write, broken }
    let tenant: UUID?
    let kind: Kind

    private var scope: Scope { tenant.map { .tenant($0) } ?? .unscoped }

    /// What went wrong; nil if the call saw its own tenant and no other.
    func holds(in world: TestWorld) async -> String? {
      let database = world.database
      let answer = await outcome { () throws(DatabaseError) -> String? in
        switch kind {
        case .ask:
          let seen = try await database.row(Queries.tenant, in: scope, deadline: .ample) ?? nil
          return (seen ?? "").lowercased() == (tenant?.uuidString ?? "").lowercased()
            ? nil : "ran as \(seen ?? "nobody")"
        case .read:
          let notes = try await database.rows(Queries.all, in: scope, deadline: .ample)
          return notes.allSatisfy { $0.tenant == tenant } && !notes.isEmpty ? nil : "saw \(notes)"
        case .fail:
          _ = try await database.row(Queries.divide, [.int(0)], in: scope, deadline: .ample)
          return "nothing failed"
        case .write:
          try await database.execute(
            Queries.add,
            [.uuid(tenant ?? UUID()), .int(Int64.random(in: 1...1_000_000_000)), .text("n")],
            in: scope, deadline: .ample)
          return tenant == nil ? "wrote without a tenant" : nil
        case .broken:
          try await database.execute(
            Queries.add, [.uuid(UUID()), .int(1), .text("n")], in: scope, deadline: .ample)
          return "wrote for another"
        }
      }
      switch (answer, kind, tenant) {
      case (.success(let complaint), _, _): return complaint
      case (.failure(let error), .fail, _):
        return error.sqlState == "22012" ? nil : error.debugDescription
      case (.failure(let error), .broken, .some):
        return error.sqlState == "42501" ? nil : error.debugDescription
      case (.failure(let error), .read, nil), (.failure(let error), .write, nil),
        (.failure(let error), .broken, nil):
        // current_tenant() has no uuid to return.
        return error.kind == .server ? nil : error.debugDescription
      case (.failure(let error), _, _): return error.debugDescription
      }
    }
  }
}

/// A small generator whose sequence a seed repeats.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1 }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}
