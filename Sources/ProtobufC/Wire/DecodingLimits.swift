/// How large and how deep a message may be that is decoded.
///
/// The figures come from what protobuf-c makes of hostile bytes: up to 124 bytes of memory for each
/// byte of the message, and recursion without end.
@usableFromInline
package struct DecodingLimits: Sendable, Hashable {
  /// The longest message, in bytes.
  package var maxBytes = 16 * 1024 * 1024
  /// How deep messages may nest; the outermost counts.
  package var maxDepth = 16
  /// Fields in the whole message, unknown ones and elements of packed fields included.
  package var maxFields = 10_000
  /// Elements of one repeated field.
  package var maxElements = 4_096
  /// Fields in one message that its type does not know.
  package var maxUnknownFields = 64
  /// The longest `string`, in bytes.
  package var maxTextBytes = Int.max
  /// All `string`s of the whole message together, in bytes.
  package var maxTextBytesInAll = Int.max
  /// Refuses numbers that an enumeration does not name.
  package var refusesUnknownEnumValues = false
  /// Pieces of memory that protobuf-c may take.
  package var maxAllocations = Int.max
  /// The ceiling of ``memory(forBytes:)``, in bytes.
  package var maxMemory = 32 * 1024 * 1024

  /// Limits with the defaults of the properties.
  package init() {}

  /// For what a caller sends to the daemon.
  package static let request: DecodingLimits = {
    var limits = DecodingLimits()
    limits.refusesUnknownEnumValues = true
    // What is long in the contract is `bytes`. Swift compares, counts and hashes text by what it looks
    // like, and megabytes of accents take it seconds.
    limits.maxTextBytes = 64 * 1024
    limits.maxTextBytesInAll = 1024 * 1024
    return limits
  }()

  /// For what the daemon answers: a page of a thousand keys has many fields.
  package static let response: DecodingLimits = {
    var limits = DecodingLimits()
    limits.maxFields = 2_000_000
    limits.maxElements = 100_000
    limits.maxUnknownFields = 1_024
    return limits
  }()

  /// What protobuf-c may take for a message of that length, in bytes: 64 KiB and 16 times the
  /// length, at most ``maxMemory``. So a list of a thousand empty messages may be refused, and the same
  /// with something beside it be read; nothing in the contract is such a list.
  package func memory(forBytes length: Int) -> Int {
    let (scaled, overflows) = length.multipliedReportingOverflow(by: 16)
    return overflows ? maxMemory : min(64 * 1024 + min(scaled, maxMemory), maxMemory)
  }
}
