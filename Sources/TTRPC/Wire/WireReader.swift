/// Reads the fields of a protobuf message in place, as ranges of the bytes they stand in.
///
/// Only for the two envelope messages, whose members are needed before and without a whole decoded
/// value; everything else goes through `Message`.
struct WireReader {
  /// Why bytes are not a protobuf message.
  enum Failure: Error, Equatable {
    case truncated
    case overlongVarint
    case badTag
    case badWireType
    case tooManyFields
  }

  /// Where the next field starts.
  private(set) var offset: Int
  private let end: Int

  /// Reads the message that stands in `range`.
  init(_ range: Range<Int>) {
    offset = range.lowerBound
    end = range.upperBound
  }

  var isAtEnd: Bool { offset >= end }

  /// The number and wire type of the next field.
  mutating func tag(_ bytes: Span<UInt8>) throws(Failure) -> (number: UInt32, wireType: UInt8) {
    let tag = try varint(bytes)
    guard tag <= UInt64(UInt32.max), tag >> 3 > 0 else { throw .badTag }
    return (UInt32(tag >> 3), UInt8(tag & 7))
  }

  /// A base-128 number of at most ten bytes.
  mutating func varint(_ bytes: Span<UInt8>) throws(Failure) -> UInt64 {
    guard offset < end else { throw .truncated }
    let first = bytes[offset]
    offset += 1
    if first < 0x80 { return UInt64(first) }
    var value = UInt64(first & 0x7F)
    var shift: UInt64 = 7
    while shift < 70 {
      guard offset < end else { throw .truncated }
      let byte = bytes[offset]
      offset += 1
      if shift == 63, byte > 1 { throw .overlongVarint }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw .overlongVarint
  }

  /// The range of a length-delimited field whose tag has been read.
  mutating func lengthDelimited(
    _ bytes: Span<UInt8>, _ wireType: UInt8
  ) throws(Failure) -> Range<Int> {
    guard wireType == 2 else { throw .badWireType }
    let length = try varint(bytes)
    guard length <= UInt64(end - offset) else { throw .truncated }
    let start = offset
    offset += Int(length)
    return start..<offset
  }

  /// Steps over a field nobody here knows. Groups are refused, as everywhere.
  mutating func skip(_ bytes: Span<UInt8>, _ wireType: UInt8) throws(Failure) {
    switch wireType {
    case 0: _ = try varint(bytes)
    case 1: try advance(8)
    case 2: _ = try lengthDelimited(bytes, wireType)
    case 5: try advance(4)
    default: throw .badWireType
    }
  }

  private mutating func advance(_ count: Int) throws(Failure) {
    guard count <= end - offset else { throw .truncated }
    offset += count
  }
}
