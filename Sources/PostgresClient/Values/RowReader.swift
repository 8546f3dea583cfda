package import FoundationEssentials

/// Reads the columns of one row, in the order of the statement's select list.
///
/// Each method reads the next column and checks that its type is one it can read exactly: columns of
/// other types are cast in the SQL (`amount::text`). A decoder must read every column.
package struct RowReader: ~Copyable {
  private let result: QueryResult
  private let columns: Int
  private var row = 0
  private var column = 0

  init(_ result: QueryResult) {
    self.result = result
    self.columns = result.columnCount
  }

  /// Every row of `answer` as `decode` reads it.
  static func rows<Row>(
    of answer: Answer, _ decode: (inout RowReader) throws(RowError) -> Row
  ) throws(RowError) -> [Row] {
    var reader = RowReader(answer.result)
    reader.row = answer.rows.lowerBound
    var rows: [Row] = []
    rows.reserveCapacity(answer.rows.count)
    while reader.row < answer.rows.upperBound {
      reader.column = 0
      rows.append(try decode(&reader))
      guard reader.column == reader.columns else {
        throw .unreadColumns(read: reader.column, of: reader.columns)
      }
      reader.row += 1
    }
    return rows
  }

  package mutating func text() throws(RowError) -> String { try required(try textIfPresent()) }

  package mutating func textIfPresent() throws(RowError) -> String? {
    try next({ $0.readsAsText }) { bytes, _ in BinaryValue.text(bytes) }
  }

  /// An `int2`, `int4` or `int8`.
  package mutating func int() throws(RowError) -> Int64 { try required(try intIfPresent()) }

  package mutating func intIfPresent() throws(RowError) -> Int64? {
    try next({ $0 == .int8 || $0 == .int4 || $0 == .int2 }) { bytes, type in
      switch type {
      case .int8: BinaryValue.integer(bytes, as: Int64.self)
      case .int4: BinaryValue.integer(bytes, as: Int32.self).map(Int64.init)
      default: BinaryValue.integer(bytes, as: Int16.self).map(Int64.init)
      }
    }
  }

  /// An `int2` or `int4`, or an `int8` that fits.
  package mutating func int32() throws(RowError) -> Int32 {
    let at = column
    guard let value = Int32(exactly: try int()) else { throw .malformed(column: at) }
    return value
  }

  package mutating func bool() throws(RowError) -> Bool { try required(try boolIfPresent()) }

  package mutating func boolIfPresent() throws(RowError) -> Bool? {
    try next({ $0 == .bool }) { bytes, _ in BinaryValue.bool(bytes) }
  }

  /// A `float4` or `float8`.
  package mutating func double() throws(RowError) -> Double { try required(try doubleIfPresent()) }

  package mutating func doubleIfPresent() throws(RowError) -> Double? {
    try next({ $0 == .float8 || $0 == .float4 }) { bytes, type in
      type == .float8
        ? BinaryValue.integer(bytes, as: UInt64.self).map(Double.init(bitPattern:))
        : BinaryValue.integer(bytes, as: UInt32.self).map { Double(Float(bitPattern: $0)) }
    }
  }

  package mutating func bytes() throws(RowError) -> [UInt8] { try required(try bytesIfPresent()) }

  package mutating func bytesIfPresent() throws(RowError) -> [UInt8]? {
    try next({ $0 == .bytea }) { bytes, _ in BinaryValue.bytes(bytes) }
  }

  package mutating func uuid() throws(RowError) -> UUID { try required(try uuidIfPresent()) }

  package mutating func uuidIfPresent() throws(RowError) -> UUID? {
    try next({ $0 == .uuid }) { bytes, _ in BinaryValue.uuid(bytes) }
  }

  /// A `timestamptz`, in microseconds since 1970. Infinite ones are refused as malformed.
  package mutating func unixMicroseconds() throws(RowError) -> Int64 {
    try required(try unixMicrosecondsIfPresent())
  }

  package mutating func unixMicrosecondsIfPresent() throws(RowError) -> Int64? {
    try next({ $0 == .timestamptz }) { bytes, _ in BinaryValue.timestamp(bytes) }
  }

  /// The JSON text of a `json` or `jsonb`.
  package mutating func json() throws(RowError) -> [UInt8] { try required(try jsonIfPresent()) }

  package mutating func jsonIfPresent() throws(RowError) -> [UInt8]? {
    try next({ $0 == .json || $0 == .jsonb }) { bytes, type in BinaryValue.json(bytes, type: type) }
  }

  /// A `text[]` or `varchar[]` without nulls.
  package mutating func textArray() throws(RowError) -> [String] {
    try required(try textArrayIfPresent())
  }

  package mutating func textArrayIfPresent() throws(RowError) -> [String]? {
    try next({ $0 == .textArray || $0 == .varcharArray || $0 == .nameArray }) { bytes, _ in
      BinaryValue.array(bytes, element: BinaryValue.text)
    }
  }

  /// A `uuid[]` without nulls.
  package mutating func uuidArray() throws(RowError) -> [UUID] {
    try required(try uuidArrayIfPresent())
  }

  package mutating func uuidArrayIfPresent() throws(RowError) -> [UUID]? {
    try next({ $0 == .uuidArray }) { bytes, _ in
      BinaryValue.array(bytes, element: BinaryValue.uuid)
    }
  }

  /// An `int8[]` without nulls.
  package mutating func intArray() throws(RowError) -> [Int64] {
    try required(
      try next({ $0 == .int8Array }) { bytes, _ in
        BinaryValue.array(bytes) { BinaryValue.integer($0, as: Int64.self) }
      })
  }

  /// A `bytea[]` without nulls.
  package mutating func bytesArray() throws(RowError) -> [[UInt8]] {
    try required(
      try next({ $0 == .byteaArray }) { bytes, _ in
        BinaryValue.array(bytes, element: BinaryValue.bytes)
      })
  }

  /// Passes over a column nobody needs (the `void` of a called function).
  package mutating func skip() throws(RowError) {
    guard column < columns else { throw .missingColumn(column) }
    column += 1
  }

  /// Passes over every column left.
  package mutating func skipRest() throws(RowError) { column = columns }

  private mutating func next<Value>(
    _ fits: (TypeOID) -> Bool, _ decode: (Span<UInt8>, TypeOID) -> Value?
  ) throws(RowError) -> Value? {
    let at = column
    guard at < columns else { throw .missingColumn(at) }
    let type = result.columnType(at)
    guard fits(type) else { throw .type(column: at, found: type) }
    column += 1
    return try result.withValue(row: row, column: at) { bytes throws(RowError) in
      guard let value = decode(bytes, type) else { throw .malformed(column: at) }
      return value
    }
  }

  private func required<Value>(_ value: Value?) throws(RowError) -> Value {
    guard let value else { throw .null(column: column - 1) }
    return value
  }
}
