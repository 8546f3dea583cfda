internal import CLibpq

/// Copies what is needed out of a `PGresult`; the caller clears it with `PQclear`.
enum AdminResult {
  static func rows(of result: OpaquePointer) -> [AdminRow] {
    let columns = unsafe (0..<PQnfields(result)).map { column in
      unsafe (column, PQfname(result, column).map { unsafe String(cString: $0) } ?? "")
    }
    return unsafe (0..<PQntuples(result)).map { row in
      var values: [String: String?] = [:]
      for (column, name) in columns {
        let isNull = unsafe PQgetisnull(result, row, column) == 1
        let value = unsafe isNull ? nil : String(cString: PQgetvalue(result, row, column))
        values.updateValue(value, forKey: name)
      }
      return AdminRow(values)
    }
  }

  /// Nil when the result does not come from the server.
  static func report(of result: OpaquePointer) -> AdminError.ServerReport? {
    guard let sqlState = unsafe field(UInt8(ascii: "C"), of: result) else { return nil }
    return unsafe AdminError.ServerReport(
      sqlState: sqlState,
      message: field(UInt8(ascii: "M"), of: result) ?? "no message",
      detail: field(UInt8(ascii: "D"), of: result),
      hint: field(UInt8(ascii: "H"), of: result))
  }

  /// A field of an error by its one-letter code (manual, "Error and Notice Message Fields").
  private static func field(_ code: UInt8, of result: OpaquePointer) -> String? {
    unsafe PQresultErrorField(result, Int32(code)).map { unsafe String(cString: $0) }
  }
}
