/// Cuts the bytes of a connection into frames. A value without I/O: it looks at what has arrived
/// and says what it is; it copies nothing and keeps only how much of a refused frame is still to
/// be skipped.
///
/// A step is about one thing. Whoever cannot act on it yet goes back to the offset before the step.
///
/// Lengths are checked before any arithmetic or allocation is done with them.
package struct FrameDecoder: Equatable, Sendable {
  /// What stands at an offset.
  package enum Step: Equatable, Sendable {
    /// A whole frame; `body` are the offsets of its data.
    case frame(FrameHeader, body: Range<Int>)
    /// A frame above the data limit begins here. Refuse it with ``skip(_:at:)``.
    case oversized(FrameHeader)
    /// The end of a refused frame.
    case skipped
    /// The bytes end before the next frame does. Present the unconsumed ones again with more.
    case incomplete
    /// The reserved first byte is not zero: nothing behind it can be trusted. Close.
    case reservedByte
  }

  /// Greatest data length of a frame that is handed out, in bytes.
  package let maxDataLength: Int
  /// Bytes of a refused frame that have not arrived yet.
  package private(set) var bytesToSkip = 0

  package init(maxDataLength: Int = FrameHeader.maxDataLength) {
    self.maxDataLength = min(maxDataLength, FrameHeader.reservedDataLength - 1)
  }

  /// Says what stands at `offset` and moves `offset` behind it; a frame above the limit is left to
  /// ``skip(_:at:)``.
  package mutating func next(in bytes: Span<UInt8>, at offset: inout Int) -> Step {
    if bytesToSkip > 0 {
      let skipped = min(bytesToSkip, bytes.count - offset)
      bytesToSkip -= skipped
      offset += skipped
      return bytesToSkip > 0 ? .incomplete : .skipped
    }
    let available = bytes.count - offset
    guard available > 0 else { return .incomplete }
    guard bytes[offset] == 0 else { return .reservedByte }
    guard available >= FrameHeader.byteCount else { return .incomplete }
    let header = FrameHeader(bytes, at: offset)
    let length = Int(header.dataLength)
    guard length <= maxDataLength else { return .oversized(header) }
    let start = offset + FrameHeader.byteCount
    guard available - FrameHeader.byteCount >= length else { return .incomplete }
    offset = start + length
    return .frame(header, body: start..<(start + length))
  }

  /// The header of the frame at `offset`, when it has arrived whole and its data has not.
  package func pendingHeader(in bytes: Span<UInt8>, at offset: Int) -> FrameHeader? {
    guard bytesToSkip == 0, bytes.count - offset >= FrameHeader.byteCount else { return nil }
    return FrameHeader(bytes, at: offset)
  }

  /// Refuses the frame at `offset`, of which at least the header has arrived: that is consumed and
  /// the data skipped by the following steps.
  package mutating func skip(_ header: FrameHeader, at offset: inout Int) {
    offset += FrameHeader.byteCount
    bytesToSkip = Int(header.dataLength)
  }
}
