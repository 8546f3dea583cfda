package import ProtobufC

/// Puts frames behind the bytes of an output buffer.
package enum FrameWriter {
  /// A frame with `data` as it is.
  package static func append(
    _ type: FrameType, _ flags: FrameFlags, stream id: UInt32, data: some Collection<UInt8>,
    to output: inout [UInt8]
  ) {
    append(
      FrameHeader(dataLength: UInt32(data.count), streamID: id, type: type, flags: flags),
      to: &output)
    output.append(contentsOf: data)
  }

  /// Why a message was not put into a frame. Nothing was appended.
  package enum Refusal: Error {
    /// The frame would be above the data limit.
    case tooLong
    case unserializable(MessageError)
  }

  /// A Data frame with `message`.
  package static func appendData(
    _ message: some Message, stream id: UInt32, to output: inout [UInt8]
  ) throws(Refusal) {
    try append(message) { packed in
      guard packed.size <= FrameHeader.maxDataLength else { return false }
      let header = FrameHeader(dataLength: UInt32(packed.size), streamID: id, type: .data)
      output.append(addingCapacity: FrameHeader.byteCount + packed.size) { span in
        header.append(to: &span)
        packed.append(to: &span)
      }
      return true
    }
  }

  /// A Response frame with `message` as its payload and no status, which means success.
  package static func appendResponse(
    _ message: some Message, stream id: UInt32, to output: inout [UInt8]
  ) throws(Refusal) {
    try append(message) { packed in appendResponse(packed, stream: id, to: &output) }
  }

  private static func appendResponse(
    _ packed: borrowing PackedMessage, stream id: UInt32, to output: inout [UInt8]
  ) -> Bool {
    let length = packed.size == 0 ? 0 : packed.size(asField: 2)
    guard length <= FrameHeader.maxDataLength else { return false }
    let header = FrameHeader(dataLength: UInt32(length), streamID: id, type: .response)
    output.append(addingCapacity: FrameHeader.byteCount + length) { span in
      header.append(to: &span)
      if length > 0 { packed.append(asField: 2, to: &span) }
    }
    return true
  }

  private static func append(
    _ message: some Message, _ body: (borrowing PackedMessage) -> Bool
  ) throws(Refusal) {
    let fits: Bool
    do throws(MessageError) {
      fits = try message.withPacked { packed in body(packed) }
    } catch {
      throw .unserializable(error)
    }
    guard fits else { throw .tooLong }
  }

  /// A Response frame with a serialized `google.rpc.Status`.
  package static func appendStatus(_ status: [UInt8], stream id: UInt32, to output: inout [UInt8]) {
    let count = UInt64(status.count)
    append(
      FrameHeader(
        dataLength: UInt32(1 + varintLength(count) + status.count), streamID: id, type: .response),
      to: &output)
    output.append(0x0A)
    append(varint: count, to: &output)
    output.append(contentsOf: status)
  }

  /// A header alone.
  package static func append(_ header: FrameHeader, to output: inout [UInt8]) {
    output.append(addingCapacity: FrameHeader.byteCount) { span in header.append(to: &span) }
  }

  /// A number as protobuf writes it.
  static func append(varint number: UInt64, to output: inout [UInt8]) {
    output.append(addingCapacity: varintLength(number)) { span in
      append(varint: number, to: &span)
    }
  }

  /// A number as protobuf writes it, behind what is in `output`, which has room for it.
  static func append(varint number: UInt64, to output: inout OutputSpan<UInt8>) {
    var rest = number
    while rest >= 0x80 {
      output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    output.append(UInt8(truncatingIfNeeded: rest))
  }

  /// Bytes of a number as protobuf writes it.
  static func varintLength(_ number: UInt64) -> Int {
    // Seven bits a byte, and zero has one.
    (64 - (number | 1).leadingZeroBitCount + 6) / 7
  }
}
