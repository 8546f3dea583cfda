internal import CProtobufC

/// The pieces the protobuf wire format is made of (protobuf.dev, "Encoding").
enum WireBytes {
  static let varint: UInt32 = 0
  static let fixed64: UInt32 = 1
  static let lengthDelimited: UInt32 = 2
  static let fixed32: UInt32 = 5

  /// Reads a tag; 0 when it is cut short or its number is outside 1 to 2^29 - 1.
  @inline(__always)
  static func tag(_ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> UInt32 {
    // protobuf-c reads the type from the first byte, so a tag of one byte is the usual case.
    let first = unsafe at.pointee
    if first < 0x80 {
      guard first >= 8 else { return 0 }
      unsafe at += 1
      return UInt32(first)
    }
    return unsafe longTag(&at, end)
  }

  private static func longTag(
    _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> UInt32 {
    var value: UInt64 = 0
    var next = unsafe at
    for shift in stride(from: UInt64(0), to: 35, by: 7) {
      guard unsafe next < end else {
        unsafe at = unsafe next
        return 0
      }
      let byte = unsafe next.pointee
      unsafe next += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 {
        guard let tag = UInt32(exactly: value), tag >= 8 else { return 0 }
        unsafe at = unsafe next
        return tag
      }
    }
    return 0
  }

  /// Moves behind a varint of at most 64 bits; stays where it is when there is none.
  @inline(__always)
  static func skipVarint(_ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Bool {
    var next = unsafe at
    let limit = unsafe end - at > 10 ? at + 10 : end
    while unsafe next < limit {
      let byte = unsafe next.pointee
      unsafe next += 1
      if byte < 0x80 {
        // The tenth byte has room for one bit.
        if unsafe next - at == 10, byte > 1 { return false }
        unsafe at = unsafe next
        return true
      }
    }
    return false
  }

  /// The value of a varint that was found good.
  static func varintValue(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    var next = unsafe start
    while unsafe next < end {
      value |= UInt64(unsafe next.pointee & 0x7F) << shift
      shift += 7
      unsafe next += 1
    }
    return value
  }

  /// Reads the length of what follows; negative when that is more than there is.
  /// protobuf-c takes at most five bytes for it.
  @inline(__always)
  static func length(_ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int {
    var value = 0
    var shift = 0
    while unsafe at < end, shift < 35 {
      let byte = unsafe at.pointee
      unsafe at += 1
      value |= Int(byte & 0x7F) << shift
      if byte < 0x80 { return unsafe value <= end - at ? value : -1 }
      shift += 7
    }
    return -1
  }

  /// The wire type a value of that type has when it is not packed.
  @inline(__always)
  static func wireType(of type: ProtobufCType) -> UInt32 {
    // A digit for each of protobuf-c's 17 types, the first at the right.
    UInt32(truncatingIfNeeded: 0o22200151050100500 as UInt64 &>> (3 * UInt64(type.rawValue))) & 7
  }

  /// Bytes a varint takes.
  @inline(__always)
  static func varintSize(_ value: UInt64) -> Int {
    (64 - (value | 1).leadingZeroBitCount + 6) / 7
  }

  /// Appends a varint.
  static func appendVarint(_ value: UInt64, to span: inout OutputSpan<UInt8>) {
    var rest = value
    while rest >= 0x80 {
      span.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    span.append(UInt8(truncatingIfNeeded: rest))
  }
}
