import FoundationEssentials
import PostgresClient
import Reactor
import Testing

@Suite("Looking rows up by their ids")
struct LookupTests {
  /// A row, and how many the statement that found it had found.
  struct Part: Sendable, Equatable {
    let id: UUID
    let quotient: Int64
    let company: Int64
  }

  static let find = Lookup(
    "parts.find",
    """
    select p.id, $1::int / p.divisor, count(*) over ()
    from parts as p
    where p.id = any ($2::uuid[])
    """, idColumn: 0
  ) { row throws(RowError) in
    Part(id: try row.uuid(), quotient: try row.int(), company: try row.int())
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
            Self.find, id, [.int(12)], in: .tenant(tenants[0]), deadline: .ample)
        }
      }
      for (id, answer) in zip(asked, answers) {
        let part = try answer.get()
        guard let rank = ids[0].firstIndex(of: id) else {
          #expect(part == nil)
          continue
        }
        #expect(part?.id == id)
        #expect(part?.quotient == Int64(12 / (rank + 1)))
        #expect(part?.company == 12)
      }
    }
  }

  @Test("tenants and other parameters are not mixed", arguments: [1, 5, 64])
  func apart(maxCallsPerSync: Int) async throws {
    try await Self.with(tenants: 3, parts: 4, maxCallsPerSync: maxCallsPerSync) {
      world, tenants, ids in
      struct Question: Sendable {
        let tenant: Int
        let owner: Int
        let part: Int
        let dividend: Int64
      }
      var questions: [Question] = []
      for tenant in 0..<3 {
        for owner in 0..<3 {
          for part in 0..<4 {
            for dividend in [Int64(24), 48] {
              questions.append(
                Question(tenant: tenant, owner: owner, part: part, dividend: dividend))
            }
          }
        }
      }
      questions.shuffle()
      let answers = await world.together(questions) { question in
        await outcome { () throws(DatabaseError) in
          try await world.database.row(
            Self.find, ids[question.owner][question.part], [.int(question.dividend)],
            in: .tenant(tenants[question.tenant]), deadline: .ample)
        }
      }
      for (question, answer) in zip(questions, answers) {
        let part = try answer.get()
        if question.tenant == question.owner {
          #expect(part?.id == ids[question.owner][question.part])
          #expect(part?.quotient == question.dividend / Int64(question.part + 1))
        } else {
          #expect(part == nil)
        }
      }
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
            Self.find, id, [.int(12)], in: .tenant(tenants[0]), deadline: .ample)
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

  @Test("a column that is no unique id is told as such")
  func noID() async throws {
    try await Self.with(tenants: 1, parts: 2) { world, tenants, ids in
      for (name, columns, idColumn) in [
        ("no.column", "p.id", 1), ("no.uuid", "p.divisor, p.id", 0),
        ("null", "null::uuid, p.id", 0), ("twice", "($2::uuid[])[1], p.id", 0),
      ] {
        let lookup = Lookup<Void>(
          name, "select \(columns) from parts as p where $1 = 1 and p.id = any ($2::uuid[])",
          idColumn: idColumn
        ) { row throws(RowError) in try row.skipRest() }
        let answers = await world.together(ids[0]) { id in
          await outcome { () throws(DatabaseError) in
            try await world.database.row(
              lookup, id, [.int(1)], in: .tenant(tenants[0]), deadline: .ample) != nil
          }
        }
        for answer in answers {
          guard case .failure(let error) = answer, case .decoding = error.kind else {
            Issue.record("\(name): \(answer)")
            continue
          }
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
          try await transaction.row(Self.find, ids[0][2], [.int(12)]),
          try await transaction.row(Self.find, UUID(), [.int(12)]),
        ]
      }
      #expect(parts == [Part(id: ids[0][2], quotient: 4, company: 1), nil])
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
