internal import FoundationEssentials

/// A query for one row by its id, of which the database is asked for many at a time.
///
/// Calls of one lookup that wait at the same time, for the same tenant and with the same parameters
/// ahead, are one statement: starting a statement costs the server several times what finding a row
/// does. Each call gets what it would have got alone.
package struct Lookup<Row: Sendable>: Sendable {
  package let query: Query<Row>

  package var statement: Statement { query.statement }

  /// - Parameters:
  ///   - name: as a ``Query``'s.
  ///   - sql: a `select` whose last `$n` is a `uuid[]`: of each id in it that there is, one row.
  ///   - idColumn: which column, counted from 0, holds the row's id.
  ///   - decode: as a ``Query``'s.
  package init(
    _ name: String, _ sql: String, idColumn: Int,
    _ decode: @escaping @Sendable (inout RowReader) throws(RowError) -> Row
  ) {
    query = Query(
      statement: Statement(name: name, sql: sql, effect: .reads, idColumn: idColumn), decode)
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
  /// The row of each id.
  /// - Throws: when an id is null, of another type, or comes twice.
  func rows(byID column: Int) throws(RowError) -> [UUID: Int] {
    guard column < columnCount else { throw .missingColumn(column) }
    guard columnType(column) == .uuid else {
      throw .type(column: column, found: columnType(column))
    }
    var rows: [UUID: Int] = [:]
    rows.reserveCapacity(rowCount)
    for row in 0..<rowCount {
      let id = try withValue(row: row, column: column) { bytes throws(RowError) in
        guard let id = BinaryValue.uuid(bytes) else { throw .malformed(column: column) }
        return id
      }
      guard let id else { throw .null(column: column) }
      guard rows.updateValue(row, forKey: id) == nil else {
        throw .refused("two rows have one id")
      }
    }
    return rows
  }
}
