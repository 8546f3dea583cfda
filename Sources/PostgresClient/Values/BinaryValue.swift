import FoundationEssentials

/// PostgreSQL's binary forms of values, both ways, as pure functions of bytes.
///
/// All numbers are big-endian. Decoding returns nil for bytes that are no such value; it never traps and
/// never reads outside `bytes`. The rules are those of the types' `send` and `recv` functions in the
/// server's `src/backend/utils/adt`.
enum BinaryValue {
  /// Microseconds between 1970-01-01 and 2000-01-01, PostgreSQL's epoch.
  static let epochOffset: Int64 = 946_684_800_000_000

  /// A number that fills `bytes` exactly.
  static func integer<T: FixedWidthInteger>(_ bytes: Span<UInt8>, as type: T.Type) -> T? {
    guard bytes.count == MemoryLayout<T>.size else { return nil }
    var value: T = 0
    for index in bytes.indices { value = value << 8 | T(truncatingIfNeeded: bytes[index]) }
    return value
  }

  static func bool(_ bytes: Span<UInt8>) -> Bool? {
    guard bytes.count == 1, bytes[0] <= 1 else { return nil }
    return bytes[0] == 1
  }

  /// Text in UTF-8 without NUL.
  static func text(_ bytes: Span<UInt8>) -> String? {
    for index in bytes.indices where bytes[index] == 0 { return nil }
    // The only error says where the UTF-8 is broken, and nobody may see the value.
    guard let valid = try? UTF8Span(validating: bytes) else { return nil }
    return String(copying: valid)
  }

  static func bytes(_ bytes: Span<UInt8>) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, count in
      for index in bytes.indices { unsafe buffer[index] = bytes[index] }
      count = bytes.count
    }
  }

  static func uuid(_ bytes: Span<UInt8>) -> UUID? {
    guard bytes.count == 16 else { return nil }
    let b = bytes
    return UUID(
      uuid: (
        b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
        b[14], b[15]
      ))
  }

  /// Microseconds since 1970; nil for the infinities and what does not fit.
  static func timestamp(_ bytes: Span<UInt8>) -> Int64? {
    guard let value = integer(bytes, as: Int64.self), value != .max, value != .min else {
      return nil
    }
    let (unix, overflow) = value.addingReportingOverflow(epochOffset)
    return overflow ? nil : unix
  }

  static func json(_ bytes: Span<UInt8>, type: TypeOID) -> [UInt8]? {
    guard type == .jsonb else { return self.bytes(bytes) }
    // jsonb_send puts a version, 1, ahead of the text.
    guard bytes.count > 1, bytes[0] == 1 else { return nil }
    return self.bytes(bytes.extracting(1..<bytes.count))
  }

  /// A one-dimensional array without nulls.
  ///
  /// Layout: dimensions, flags, element oid, then per dimension its length and lower bound, then each
  /// element behind its length; all int4.
  static func array<Element>(
    _ bytes: Span<UInt8>, element decode: (Span<UInt8>) -> Element?
  ) -> [Element]? {
    var rest = Cursor(offset: 0)
    guard let dimensions = rest.int4(bytes), rest.int4(bytes) != nil, rest.int4(bytes) != nil else {
      return nil
    }
    if dimensions == 0 { return rest.offset == bytes.count ? [] : nil }
    guard dimensions == 1, let count = rest.int4(bytes), count >= 0, rest.int4(bytes) != nil else {
      return nil
    }
    var elements: [Element] = []
    // The count is the sender's word; an element takes at least the four bytes of its length.
    elements.reserveCapacity(min(Int(count), (bytes.count - rest.offset) / 4))
    for _ in 0..<count {
      guard let length = rest.int4(bytes), length >= 0,
        Int(length) <= bytes.count - rest.offset,
        let element = decode(bytes.extracting(rest.offset..<rest.offset + Int(length)))
      else { return nil }
      rest.offset += Int(length)
      elements.append(element)
    }
    return rest.offset == bytes.count ? elements : nil
  }

  private struct Cursor {
    var offset: Int

    mutating func int4(_ bytes: Span<UInt8>) -> Int32? {
      guard bytes.count - offset >= 4 else { return nil }
      defer { offset += 4 }
      return BinaryValue.integer(bytes.extracting(offset..<offset + 4), as: Int32.self)
    }
  }
}
