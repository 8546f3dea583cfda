import Testing

@testable import PostgresClient

@Suite("Errors")
struct ErrorTests {
  @Test(
    "each condition of the server means what it should",
    arguments: [
      ("08006", .unavailable), ("08P01", .unavailable), ("57P01", .unavailable),
      ("57P02", .unavailable), ("57P03", .unavailable), ("53300", .unavailable),
      ("25P03", .unavailable), ("55P03", .deadlineExceeded), ("57014", .deadlineExceeded),
      ("40001", .serialization), ("40P01", .serialization), ("22021", .invalidInput),
      ("22P05", .invalidInput), ("25006", .readOnly), ("53100", .diskFull),
      ("23505", .constraint(.init(sort: .unique, name: "c"))),
      ("23503", .constraint(.init(sort: .foreignKey, name: "c"))),
      ("23514", .constraint(.init(sort: .check, name: "c"))),
      ("23502", .constraint(.init(sort: .notNull, name: "c"))),
      ("23P01", .constraint(.init(sort: .exclusion, name: "c"))), ("42601", .server),
      ("XX000", .server),
    ] as [(SQLState, DatabaseError.Kind)])
  func mapping(state: SQLState, kind: DatabaseError.Kind) {
    #expect(state.kind(constraint: "c") == kind)
    #expect(!DatabaseError(kind).description.isEmpty)
  }

  @Test("no description holds SQL, a value or what the server wrote, and the log's form no value")
  func secrecy() async throws {
    let secret = "hunter2"
    let statements: [(String, [SQLValue])] = [
      ("select $1::text::uuid", [.text(secret)]),
      ("select $1::text::int", [.text(secret)]),
      ("insert into notes values ('00000000-0000-0000-0000-000000000000', 1, $1)", [.text(secret)]),
      ("insert into counters values (1, length($1))", [.text(secret)]),
      ("insert into counters values (length($1), null)", [.text(secret)]),
      ("select $1::jsonb", [.json(Array("{\(secret)".utf8))]),
      ("select set_config($1, 'x', true)", [.text(secret)]),
    ]
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      for (number, (sql, values)) in statements.enumerated() {
        let answer = await outcome { () throws(DatabaseError) in
          try await world.database.execute(
            Query<Void>("secret\(number)", sql), values, in: .unscoped, deadline: .ample)
        }
        guard case .failure(let error) = answer else {
          Issue.record("\(sql) succeeded")
          continue
        }
        for word in [secret, "select", "insert", "values"] {
          #expect(!error.description.contains(word))
        }
        #expect(!error.debugDescription.contains(secret), "\(error.debugDescription)")
        #expect(error.debugDescription.contains("SQLSTATE"))
      }
    }
  }

  @Test("the log's form names constraint, rule and column")
  func debugForm() {
    let constraint = DatabaseError(
      .constraint(.init(sort: .unique, name: "notes_pkey")), sqlState: "23505",
      message: "duplicate key value violates unique constraint \"notes_pkey\"")
    #expect(constraint.debugDescription.contains("unique notes_pkey; SQLSTATE 23505; duplicate"))
    #expect(constraint.constraint(.unique) == "notes_pkey")
    #expect(constraint.constraint(.check) == nil)
    #expect(DatabaseError(.misuse("rule")).debugDescription.hasSuffix("; rule"))
    #expect(
      DatabaseError(.decoding(.null(column: 3))).debugDescription.hasSuffix("column 3 is null"))
    #expect(RowError.missingColumn(1).description == "the row has no column 1")
    #expect(RowError.unreadColumns(read: 1, of: 2).description == "1 of 2 columns were read")
    #expect(RowError.malformed(column: 0).description == "column 0 is malformed")
    #expect(RowError.refused("no").description == "no")
    #expect(
      RowError.type(column: 0, found: .int8).description
        == "column 0 has type oid 20, which does not fit")
  }

  @Test(
    "a refused connection's state is found in libpq's message",
    arguments: [
      (
        "connection to server on socket \"/x\" failed: FATAL:  53300: sorry, too many clients already\n"
          + "LOCATION:  InitProcess, proc.c:361\n",
        "53300",
        "connection to server on socket \"/x\" failed: FATAL:  53300: sorry, too many clients already"
      ),
      (
        "connection to server on socket \"/x\" failed: No such file or directory\n\tIs the server running?\n",
        nil, "connection to server on socket \"/x\" failed: No such file or directory"
      ),
      ("", nil, "the connection failed for no given reason"),
    ] as [(String, SQLState?, String)])
  func connectFailure(text: String, state: SQLState?, line: String) {
    let failure = ConnectFailure(libpqMessage: text)
    #expect(failure.sqlState == state)
    #expect(failure.message == line)
    #expect(failure.isCrowded == (state == "53300"))
  }

  @Test(
    "what a statement does is guessed from its words, and on the safe side",
    arguments: [
      ("select 1", .reads), ("  -- select\n SELECT a FROM b", .reads),
      ("/* update */ select 'insert into' from \"delete\"", .reads),
      ("select a from b for update", .writes), ("select nextval('s')", .writes),
      ("with x as (insert into a values (1) returning b) select b from x", .writes),
      ("insert into a values (1)", .writes), ("update a set b = 1", .writes), ("", .writes),
      ("select 1 /* unterminated", .reads), ("select 'unterminated", .reads),
    ] as [(String, Statement.Effect)])
  func effects(sql: String, effect: Statement.Effect) {
    #expect(Statement.Effect.inferred(from: sql) == effect)
  }
}
