/// Why a row of a result is not what its ``Query`` expects: the SQL and the decoder disagree, which is a
/// mistake in our code, or the server sent what its own format forbids.
///
/// Names columns by rank from 0, and never carries a value.
package enum RowError: Error, Sendable, Hashable {
  /// The decoder asked for more columns than the row has.
  case missingColumn(Int)
  /// The decoder left columns unread: so many were read, so many there are.
  case unreadColumns(read: Int, of: Int)
  /// A null where the decoder expects a value.
  case null(column: Int)
  /// The column has another type than the decoder reads.
  case type(column: Int, found: TypeOID)
  /// The bytes are not a value of the column's type, or one this client has no value for (an infinite
  /// timestamp).
  case malformed(column: Int)
  /// The decoder of the row refused a value: a sentence saying which rule is broken.
  case refused(String)
}

extension RowError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missingColumn(let column): "the row has no column \(column)"
    case .unreadColumns(let read, let count): "\(read) of \(count) columns were read"
    case .null(let column): "column \(column) is null"
    case .type(let column, let found):
      "column \(column) has type oid \(found.rawValue), which does not fit"
    case .malformed(let column): "column \(column) is malformed"
    case .refused(let rule): rule
    }
  }
}
