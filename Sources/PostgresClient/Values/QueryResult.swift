internal import CLibpq

/// The result of one statement: the owner of a `PGresult`, freed by `PQclear` with the last reference.
// SAFETY: libpq never touches a result after handing it over, and everything here only reads it.
@safe
final class QueryResult: @unchecked Sendable {
  private let pointer: OpaquePointer

  /// Takes `pointer` over.
  init(owning pointer: OpaquePointer) {
    unsafe self.pointer = unsafe pointer
  }

  deinit { unsafe PQclear(pointer) }

  var status: ExecStatusType { unsafe PQresultStatus(pointer) }

  var rowCount: Int { unsafe Int(PQntuples(pointer)) }

  var columnCount: Int { unsafe Int(PQnfields(pointer)) }

  /// How many rows an insert, update, delete, merge or select touched; 0 for other commands.
  var affectedRows: Int {
    guard let text = unsafe PQcmdTuples(pointer) else { return 0 }
    return Int(unsafe String(cString: text)) ?? 0
  }

  /// What the server says it did: `INSERT 0 1`, `COMMIT`, `ROLLBACK`.
  var commandTag: String {
    guard let text = unsafe PQcmdStatus(pointer) else { return "" }
    return unsafe String(cString: text)
  }

  /// A field of an error or notice, by its `CLIBPQ_DIAG_` code.
  func diagnostic(_ field: some BinaryInteger) -> String? {
    guard let text = unsafe PQresultErrorField(pointer, Int32(field)) else { return nil }
    return unsafe String(cString: text)
  }

  /// The types the server found for a described statement's `$n`.
  var parameterTypes: [TypeOID] {
    (0..<(unsafe PQnparams(pointer))).map {
      TypeOID(rawValue: unsafe PQparamtype(pointer, $0))
    }
  }

  func columnType(_ column: Int) -> TypeOID {
    TypeOID(rawValue: unsafe PQftype(pointer, Int32(column)))
  }

  /// The bytes of one value in binary, for as long as `body` runs; nil in place of them for null.
  /// - Precondition: `row` and `column` are within the counts (libpq answers anything else with null).
  func withValue<Value>(
    row: Int, column: Int, _ body: (Span<UInt8>) throws(RowError) -> Value
  ) throws(RowError) -> Value? {
    let row = Int32(clamping: row)
    let column = Int32(clamping: column)
    guard unsafe PQgetisnull(pointer, row, column) == 0,
      let start = unsafe PQgetvalue(pointer, row, column)
    else { return nil }
    let length = unsafe Int(PQgetlength(pointer, row, column))
    let bytes = unsafe UnsafeRawBufferPointer(start: start, count: length)
    return try body(unsafe Span(_unsafeBytes: bytes))
  }
}
