import FoundationEssentials
import PostgresClient
import Reactor
import Testing

@Suite("Looking rows up by their ids")
struct LookupTests {
  /// A row, and which of those its statement was asked for it was.
  struct Part: Sendable, Equatable {
    let id: UUID
    let quotient: Int64
    let rank: Int64
  }

  static let find = Lookup(
    "parts.find",
    """
    select p.id, 12 / p.divisor, asked.rank
    from parts as p
    where p.id = asked.id
    """
  ) { row throws(RowError) in
    Part(id: try row.uuid(), quotient: try row.int(), rank: try row.int())
  }
  /// Sees whatever the row policies let through.
  static let owner = Query("parts.owner", "select tenant_id from parts") { row throws(RowError) in
    try row.uuid()
  }
  static let add = Query<Void>(
    "parts.add", "insert into parts (tenant_id, id, divisor) values ($1, $2, $3)")

  /// A world in which each tenant has parts with the divisors 1, 2, 3 …
  private static func with(
    tenants: Int, parts: Int, maxCallsPerSync: Int = 64,
    _ body: @Sendable (TestWorld, [UUID], [[UUID]]) async throws -> Void
  ) async throws {
    try await TestWorld.with(
      loopCount: 1,
      configure: {
        $0.readConnections = 1
        $0.maxCallsPerSync = maxCallsPerSync
      }
    ) { world in
      let tenants = (0..<tenants).map { _ in UUID() }
      var ids: [[UUID]] = []
      for tenant in tenants {
        ids.append((0..<parts).map { _ in UUID() })
        for (rank, id) in (ids.last ?? []).enumerated() {
          try await world.add(tenant, id, divisor: rank + 1)
        }
      }
      try await body(world, tenants, ids)
    }
  }

  @Test("calls of one turn are one statement, and each has its own row or none")
  func together() async throws {
    try await Self.with(tenants: 1, parts: 12) { world, tenants, ids in
      let asked = ids[0] + [UUID(), ids[0][3], ids[0][3]]
      let answers = await world.together(asked) { id in
        await outcome { () throws(DatabaseError) in
          try await world.database.row(
            Self.find, id, of: tenants[0], deadline: .ample)
        }
      }
      var ranks: [Int64] = []
      for (id, answer) in zip(asked, answers) {
        let part = try answer.get()
        guard let divisor = ids[0].firstIndex(of: id) else {
          #expect(part == nil)
          continue
        }
        #expect(part?.id == id)
        #expect(part?.quotient == Int64(12 / (divisor + 1)))
        ranks += part.map { [$0.rank] } ?? []
      }
      #expect(Set(ranks).count == 12)
      #expect(ranks.allSatisfy { (1...13).contains($0) })
    }
  }

  @Test("tenants share a statement and see nothing of each other", arguments: [1, 5, 64])
  func tenants(maxCallsPerSync: Int) async throws {
    try await Self.with(tenants: 3, parts: 4, maxCallsPerSync: maxCallsPerSync) {
      world, tenants, ids in
      struct Question: Sendable {
        let tenant: Int
        let owner: Int
        let part: Int
      }
      enum Reply: Sendable {
        case part(LookupTests.Part?)
        case owners(Set<UUID>)
      }
      var questions: [Question] = []
      for tenant in 0..<3 {
        for owner in 0..<3 {
          // The last is no lookup: it must not see the tenant that a lookup has left.
          for part in 0..<5 {
            questions.append(Question(tenant: tenant, owner: owner, part: part))
          }
        }
      }
      questions.shuffle()
      let answers = await world.together(questions) { question in
        await outcome { () throws(DatabaseError) -> Reply in
          guard question.part < 4 else {
            let owners = try await world.database.rows(
              Self.owner, in: .tenant(tenants[question.tenant]), deadline: .ample)
            return .owners(Set(owners))
          }
          return .part(
            try await world.database.row(
              Self.find, ids[question.owner][question.part], of: tenants[question.tenant],
              deadline: .ample))
        }
      }
      for (question, answer) in zip(questions, answers) {
        switch try answer.get() {
        case .owners(let owners): #expect(owners == [tenants[question.tenant]])
        case .part(let part):
          guard question.tenant == question.owner else {
            #expect(part == nil)
            continue
          }
          #expect(part?.id == ids[question.owner][question.part])
          #expect(part?.quotient == 12 / Int64(question.part + 1))
        }
      }
      // Without a tenant the policies let nothing through, whoever was there before.
      let unscoped = await world.together(Array(0..<6)) { number in
        await outcome { () throws(DatabaseError) -> Bool in
          guard number % 2 == 0 else {
            return try await world.database.rows(
              Self.owner, in: .unscoped, deadline: .ample
            ).isEmpty
          }
          return try await world.database.row(
            Self.find, ids[0][0], of: tenants[0], deadline: .ample) != nil
        }
      }
      for (number, answer) in unscoped.enumerated() {
        if number % 2 == 0 {
          #expect(try answer.get())
        } else {
          #expect(throws: DatabaseError.self) { try answer.get() }
        }
      }
    }
  }

  @Test("it is planned once, however many are asked for")
  func plan() async throws {
    try await Self.with(tenants: 1, parts: 3) { world, tenants, ids in
      for round in 0..<20 {
        _ = await world.together(Array(ids[0].prefix(round % 3 + 1))) { id in
          await outcome { () throws(DatabaseError) in
            try await world.database.row(Self.find, id, of: tenants[0], deadline: .ample)
          }
        }
      }
      let plans = Query(
        "parts.plans",
        """
        select custom_plans, generic_plans
        from pg_prepared_statements
        where name like 'parts.find#%'
        """
      ) { row throws(RowError) in (custom: try row.int(), generic: try row.int()) }
      let counts = try #require(
        try await world.database.row(plans, in: .unscoped, deadline: .ample))
      #expect(counts.custom <= 5)
      #expect(counts.generic >= 15)
    }
  }

  @Test("a lookup that fails takes no other with it")
  func failing() async throws {
    try await Self.with(tenants: 1, parts: 6) { world, tenants, ids in
      let broken = UUID()
      try await world.add(tenants[0], broken, divisor: 0)
      let asked = ids[0] + [broken] + ids[0] + [broken]
      let answers = await world.together(asked) { id in
        await outcome { () throws(DatabaseError) in
          try await world.database.row(
            Self.find, id, of: tenants[0], deadline: .ample)
        }
      }
      for (id, answer) in zip(asked, answers) {
        switch answer {
        case .success(let part): #expect(part?.id == id)
        case .failure(let error): #expect(id == broken && error.sqlState == "22012")
        }
      }
    }
  }

  @Test("a lookup that finds several rows for one id is told as such")
  func several() async throws {
    try await Self.with(tenants: 1, parts: 2) { world, tenants, ids in
      let lookup = Lookup<Void>(
        "parts.several", "select p.id from parts as p where asked.id is not null"
      ) { row throws(RowError) in try row.skipRest() }
      let answers = await world.together(ids[0]) { id in
        await outcome { () throws(DatabaseError) in
          try await world.database.row(lookup, id, of: tenants[0], deadline: .ample) != nil
        }
      }
      for answer in answers {
        guard case .failure(let error) = answer, case .decoding = error.kind else {
          Issue.record("\(answer)")
          continue
        }
      }
    }
  }

  @Test("in a transaction")
  func transaction() async throws {
    try await Self.with(tenants: 1, parts: 3) { world, tenants, ids in
      let parts = try await world.database.transaction(
        in: .tenant(tenants[0]), deadline: .ample
      ) { transaction in
        [
          try await transaction.row(Self.find, ids[0][2]),
          try await transaction.row(Self.find, UUID()),
        ]
      }
      #expect(parts == [Part(id: ids[0][2], quotient: 4, rank: 1), nil])
      await #expect(throws: DatabaseError.self) {
        try await world.database.transaction(in: .unscoped, deadline: .ample) { transaction in
          try await transaction.row(Self.find, ids[0][2])
        }
      }
    }
  }
}

extension TestWorld {
  fileprivate func add(_ tenant: UUID, _ id: UUID, divisor: Int) async throws {
    try await database.execute(
      LookupTests.add, [.uuid(tenant), .uuid(id), .int(Int64(divisor))], in: .tenant(tenant),
      deadline: .ample)
  }
}
