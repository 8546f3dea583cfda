internal import FoundationEssentials

/// A query for one row of a tenant by its id, of which the database is asked for many at a time.
///
/// Calls of one lookup that wait at the same time are one statement, whichever tenants they are for:
/// starting a statement costs the server several times what finding a row does. Each call gets what it
/// would have got alone. The statement names the tenant to the row policies before it looks for each
/// row, so that they let that tenant's rows through and no other's.
package final class Lookup<Row: Sendable>: Sendable {
  package let query: Query<Row>

  package var statement: Statement { query.statement }

  /// - Parameters:
  ///   - name: as a ``Query``'s.
  ///   - sql: a `select` of at most one row, that of the tenant `asked.tenant_id` with the id `asked.id`.
  ///   - decode: as a ``Query``'s.
  package init(
    _ name: String, _ sql: String,
    _ decode: @escaping @Sendable (inout RowReader) throws(RowError) -> Row
  ) {
    let statement = Statement(name: name, sql: Self.statement(of: sql), effect: .reads)
    query = Query(statement: statement) { row throws(RowError) in
      let value = try decode(&row)
      _ = try row.int()
      return value
    }
  }

  /// `offset 0` keeps the planner from moving anything in or out: what is asked for is put out one by
  /// one, its tenant being set, and then looked for. `(select $1)` hides from it how many that are, or
  /// it would plan each time anew for the number at hand.
  private static func statement(of sql: String) -> String {
    """
    select found.*, asked.rank
    from (
      select k.tenant_id, k.id, k.rank, set_config('\(Scope.setting)', k.tenant_id::text, true)
      from unnest((select $1::uuid[]), (select $2::uuid[])) with ordinality as k (tenant_id, id, rank)
      offset 0
    ) as asked
    cross join lateral (
    \(sql)
      offset 0
    ) as found
    """
  }
}

/// Which row a ``Lookup`` is asked for.
struct LookupKey: Sendable, Hashable {
  let tenant: UUID
  let id: UUID

  // One id is seldom asked for of several tenants.
  func hash(into hasher: inout Hasher) { hasher.combine(id) }

  /// What a lookup's statement is run with.
  static func parameters(_ keys: [LookupKey]) -> [SQLValue] {
    [.uuidArray(keys.map(\.tenant)), .uuidArray(keys.map(\.id))]
  }
}

/// What a statement answered to one call: the rows of a result that are its own.
struct Answer: Sendable {
  let result: QueryResult
  let rows: Range<Int>

  init(_ result: QueryResult) {
    self.init(result, rows: 0..<result.rowCount)
  }

  init(_ result: QueryResult, rows: Range<Int>) {
    self.result = result
    self.rows = rows
  }
}

extension QueryResult {
  /// The row of each key a ``Lookup`` was asked for, where there is one.
  /// - Throws: when two rows are of one key.
  func rows(ofKeys count: Int) throws(RowError) -> [Int?] {
    let column = columnCount - 1
    var rows: [Int?] = Array(repeating: nil, count: count)
    for row in 0..<rowCount {
      let rank = try withValue(row: row, column: column) { bytes throws(RowError) in
        BinaryValue.integer(bytes, as: Int64.self).flatMap(Int.init(exactly:))
      }
      guard let rank = rank ?? nil, (1...count).contains(rank) else {
        throw .malformed(column: column)
      }
      guard rows[rank - 1] == nil else { throw .refused("two rows have one id") }
      rows[rank - 1] = row
    }
    return rows
  }
}
