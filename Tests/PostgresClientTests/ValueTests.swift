import FoundationEssentials
import PostgresClient
import Reactor
import Testing

@Suite("Values")
struct ValueTests {
  /// A value and the statement that gives it back.
  struct Sample: Sendable, CustomTestStringConvertible {
    let type: String
    let value: SQLValue
    let read: @Sendable (inout RowReader) throws(RowError) -> SQLValue

    var testDescription: String { "\(type) \(value)".prefix(60).description }

    init(
      _ type: String, _ value: SQLValue,
      _ read: @escaping @Sendable (inout RowReader) throws(RowError) -> SQLValue
    ) {
      self.type = type
      self.value = value
      self.read = read
    }
  }

  static let samples: [Sample] = {
    var samples: [Sample] = []
    for number in [0, 1, -1, Int64.max, .min, 4_294_967_296] {
      samples.append(Sample("int8", .int(number)) { row throws(RowError) in .int(try row.int()) })
    }
    for number in [0, -1, Int64(Int32.max), Int64(Int32.min)] {
      samples.append(
        Sample("int4", .int(number)) { row throws(RowError) in
          .int(Int64(try row.int32()))
        })
    }
    for number in [0, -1, Int64(Int16.max), Int64(Int16.min)] {
      samples.append(Sample("int2", .int(number)) { row throws(RowError) in .int(try row.int()) })
    }
    for flag in [true, false] {
      samples.append(
        Sample("bool", .bool(flag)) { row throws(RowError) in
          .bool(try row.bool())
        })
    }
    for text in ["", "a", "naïve ☃ 👍", "quote ' \" \\ back", String(repeating: "x", count: 5000)] {
      samples.append(
        Sample("text", .text(text)) { row throws(RowError) in
          .text(try row.text())
        })
      samples.append(
        Sample("varchar", .text(text)) { row throws(RowError) in
          .text(try row.text())
        })
    }
    for bytes in [[], [0], [UInt8](0...255), Array("\\x00".utf8)] as [[UInt8]] {
      samples.append(
        Sample("bytea", .bytes(bytes)) { row throws(RowError) in
          .bytes(try row.bytes())
        })
    }
    for number in [
      0, 1.5, -0.1, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity, -.infinity,
    ] {
      samples.append(
        Sample("float8", .double(number)) { row throws(RowError) in
          .double(try row.double())
        })
    }
    samples.append(
      Sample("float4", .double(0.5)) { row throws(RowError) in
        .double(try row.double())
      })
    for _ in 0..<3 {
      samples.append(
        Sample("uuid", .uuid(UUID())) { row throws(RowError) in
          .uuid(try row.uuid())
        })
    }
    // 1970, today, a microsecond before 1970, the year 1, 44 BC, and the ends of the server's range.
    for micros in [
      0, 1_764_000_000_123_456, -1, -62_135_596_800_000_000, -63_549_000_000_000_001,
      -210_866_803_200_000_000, 9_223_371_331_200_000_001, 951_782_399_999_999, 68_169_599_000_000,
    ] as [Int64] {
      samples.append(
        Sample("timestamptz", .timestamp(unixMicroseconds: micros)) {
          row throws(RowError) in .timestamp(unixMicroseconds: try row.unixMicroseconds())
        })
    }
    for json in ["{}", #"{"a": [1, 2, null]}"#, #""☃""#] {
      for type in ["json", "jsonb"] {
        samples.append(
          Sample(type, .json(Array(json.utf8))) { row throws(RowError) in
            .json(try row.json())
          })
      }
    }
    for texts in [[], [""], ["a", "NULL", "null", "{}", "a,b", "\"q\"", "\\", " x ", "☃"]] {
      samples.append(
        Sample("text[]", .textArray(texts)) { row throws(RowError) in
          .textArray(try row.textArray())
        })
    }
    for numbers in [[], [1, -1, .max, .min]] as [[Int64]] {
      samples.append(
        Sample("int8[]", .intArray(numbers)) { row throws(RowError) in
          .intArray(try row.intArray())
        })
    }
    for uuids in [[], [UUID(), UUID()]] {
      samples.append(
        Sample("uuid[]", .uuidArray(uuids)) { row throws(RowError) in
          .uuidArray(try row.uuidArray())
        })
    }
    for values in [[], [[]], [[0, 1], Array("\\\"{},".utf8)]] as [[[UInt8]]] {
      samples.append(
        Sample("bytea[]", .bytesArray(values)) { row throws(RowError) in
          .bytesArray(try row.bytesArray())
        })
    }
    return samples
  }()

  @Test("every value comes back as it went, as text at first and in binary later")
  func roundTrips() async throws {
    try await TestWorld.with(loopCount: 1, configure: { $0.readConnections = 1 }) {
      (world) async throws in
      for sample in Self.samples {
        let query = Query("echo \(sample.type)", "select $1::\(sample.type)", sample.read)
        // The first run sends text, because what type $1 has is not known yet.
        for _ in 0..<2 {
          let answer = try await world.database.row(
            query, [sample.value], in: .unscoped, deadline: .ample)
          #expect(answer == sample.value, "\(sample.testDescription)")
        }
      }
    }
  }

  @Test("a not-a-number stays one")
  func notANumber() async throws {
    let query = Query("nan", "select $1::float8") { row throws(RowError) in try row.double() }
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      for _ in 0..<2 {
        let answer = try await world.database.row(
          query, [.double(.nan)], in: .unscoped, deadline: .ample)
        #expect(answer?.isNaN == true)
      }
    }
  }

  @Test("a value may be bound to another type that reads its text")
  func otherTypes() async throws {
    let query = Query(
      "others", "select $1::numeric::text, $2::date::text, $3::inet::text, $4::text, $5::int4"
    ) { row throws(RowError) in
      [
        try row.text(), try row.text(), try row.text(), try row.textIfPresent(),
        try row.intIfPresent().map(String.init),
      ]
    }
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      for _ in 0..<2 {
        let answer = try await world.database.row(
          query,
          [
            .int(7), .timestamp(unixMicroseconds: 0), .text("10.0.0.0/8"), .bool(true),
            .optional(nil, SQLValue.int),
          ], in: .unscoped, deadline: .ample)
        #expect(answer == ["7", "1970-01-01", "10.0.0.0/8", "t", nil])
      }
    }
  }

  @Test("a number that does not fit its column is refused by the server, binary or not")
  func outOfRange() async throws {
    let query = Query("small", "select $1::int2") { row throws(RowError) in try row.int() }
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      for number in [Int64(1), 40_000, 5_000_000_000] {
        let answer = await outcome { () throws(DatabaseError) in
          try await world.database.row(query, [.int(number)], in: .unscoped, deadline: .ample)
        }
        switch answer {
        case .success(let value): #expect(value == 1)
        case .failure(let error): #expect(error.sqlState == "22003" && number > 1)
        }
      }
    }
  }

  @Test(
    "text that PostgreSQL has no room for is refused before it is sent",
    arguments: [
      SQLValue.text("a\0b"), .textArray(["ok", "\0"]), .json([0x22, 0, 0x22]),
      .json([0x22, 0xff, 0x22]),
    ])
  func unrepresentable(value: SQLValue) async throws {
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.row(Queries.echo, [value], in: .unscoped, deadline: .ample)
      }
      #expect(error?.kind == .invalidInput)
      let inside = await #expect(throws: DatabaseError.self) {
        try await world.database.transaction(in: .unscoped, deadline: .ample) {
          try await $0.row(Queries.echo, [value])
        }
      }
      #expect(inside?.kind == .invalidInput)
    }
  }

  @Test("a NUL written as an escape in JSON is invalid input, too")
  func escapedNUL() async throws {
    let query = Query<Void>("jsonb", "select $1::jsonb")
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      let error = await #expect(throws: DatabaseError.self) {
        try await world.database.execute(
          query, [.json(Array(#""\u0000""#.utf8))], in: .unscoped, deadline: .ample)
      }
      #expect(error?.kind == .invalidInput)
      #expect(error?.sqlState == "22P05")
    }
  }

  @Test("a decoder that does not fit its row is told how")
  func rowErrors() async throws {
    @Sendable func error<Row: Sendable>(
      _ world: TestWorld, _ name: String, _ sql: String,
      _ decode: @escaping @Sendable (inout RowReader) throws(RowError) -> Row
    ) async -> RowError? {
      let answer = await outcome { () throws(DatabaseError) in
        try await world.database.rows(
          Query(name, sql, decode), in: .unscoped, deadline: .ample)
      }
      guard case .failure(let error) = answer, case .decoding(let reason) = error.kind else {
        return nil
      }
      return reason
    }
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      #expect(
        await error(world, "r1", "select 1::int8") { row throws(RowError) in try row.text() }
          == .type(column: 0, found: .int8))
      #expect(
        await error(world, "r2", "select 1") { row throws(RowError) in
          [try row.int(), try row.int()]
        } == .missingColumn(1))
      #expect(
        await error(world, "r3", "select 1, 2") { row throws(RowError) in try row.int() }
          == .unreadColumns(read: 1, of: 2))
      #expect(
        await error(world, "r4", "select 1, null::text") { row throws(RowError) in
          try row.skip()
          return try row.text()
        } == .null(column: 1))
      #expect(
        await error(world, "r5", "select 'infinity'::timestamptz") { row throws(RowError) in
          try row.unixMicroseconds()
        } == .malformed(column: 0))
      #expect(
        await error(world, "r6", "select 5000000000") { row throws(RowError) in
          try row.int32()
        } == .malformed(column: 0))
      #expect(
        await error(world, "r7", "select array['a', null]") { row throws(RowError) in
          try row.textArray()
        } == .malformed(column: 0))
      #expect(
        await error(world, "r8", "select array[['a'], ['b']]") { row throws(RowError) in
          try row.textArray()
        } == .malformed(column: 0))
      #expect(
        await error(world, "r9", "select 1") { row throws(RowError) in
          try row.skipRest()
          throw RowError.refused("never")
        } as RowError? == .refused("never"))
      #expect(
        await error(world, "r10", "select 1") { row throws(RowError) in
          try row.skip()
          try row.skip()
        } == .missingColumn(1))
    }
  }

  @Test("nulls are nil where a decoder allows them, and enums are text")
  func optionals() async throws {
    try await TestWorld.with(loopCount: 1) { (world) async throws in
      try await world.data.execute("create type mood as enum ('sad', 'glad')")
      let query = Query(
        "nulls",
        """
        select null::bool, null::bytea, null::uuid, null::timestamptz, null::jsonb, null::text[],
          null::float8, 'glad'::mood, 'x'
        """
      ) { row throws(RowError) in
        let isNil = [
          try row.boolIfPresent() == nil, try row.bytesIfPresent() == nil,
          try row.uuidIfPresent() == nil, try row.unixMicrosecondsIfPresent() == nil,
          try row.jsonIfPresent() == nil, try row.textArrayIfPresent() == nil,
          try row.doubleIfPresent() == nil,
        ]
        return (isNil, try row.text(), try row.text())
      }
      let row = try #require(
        try await world.database.row(query, in: .unscoped, deadline: .ample))
      #expect(row.0.allSatisfy { $0 })
      #expect(row.1 == "glad" && row.2 == "x")
    }
  }
}
