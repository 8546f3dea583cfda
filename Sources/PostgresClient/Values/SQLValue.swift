package import FoundationEssentials

/// A value bound to a `$n` of a statement. Values are only ever bound, never pasted into SQL.
///
/// What type `$n` has is the server's to say, from the statement. Once the server has told it, values
/// travel in binary where that is shorter or exact; until then, and where the types differ (an
/// ``int(_:)`` bound to `numeric`), as text, which every type reads.
package enum SQLValue: Sendable, Hashable {
  case null
  /// No NUL character: PostgreSQL has no text with one (and libpq would cut it there).
  case text(String)
  case int(Int64)
  case bool(Bool)
  case double(Double)
  case bytes([UInt8])
  case uuid(UUID)
  /// `timestamptz`, in microseconds since 1970-01-01 00:00:00 UTC.
  case timestamp(unixMicroseconds: Int64)
  /// A JSON text in UTF-8, for `json` and `jsonb`. No NUL.
  case json([UInt8])
  case textArray([String])
  case intArray([Int64])
  case uuidArray([UUID])
  case bytesArray([[UInt8]])

  /// Nil as ``null``: `.text(maybe)` for an optional reads `.optional(maybe, SQLValue.text)`.
  package static func optional<Value>(
    _ value: Value?, _ make: (Value) -> SQLValue
  ) -> SQLValue {
    value.map(make) ?? .null
  }
}

extension SQLValue {
  /// Whether PostgreSQL could not hold the value: text with a NUL, or JSON that is not UTF-8.
  var isUnrepresentable: Bool {
    switch self {
    case .text(let text): text.utf8.contains(0)
    case .textArray(let texts): texts.contains { $0.utf8.contains(0) }
    case .json(let bytes): bytes.contains(0) || String(validating: bytes, as: UTF8.self) == nil
    case .null, .int, .bool, .double, .bytes, .uuid, .timestamp, .intArray, .uuidArray,
      .bytesArray:
      false
    }
  }
}
