/// The ten bytes in front of the data of every frame (PROTOCOL.md, "Frames").
package struct FrameHeader: Equatable, Sendable {
  /// Bytes of a header on the wire.
  package static let byteCount = 10
  /// Greatest data length of a frame that is read, in bytes.
  package static let maxDataLength = 4_194_304
  /// From this data length on the first byte of a frame is not zero, which the protocol reserves.
  package static let reservedDataLength = 16_777_216

  /// Bytes of data behind the header.
  package var dataLength: UInt32
  /// The stream the frame belongs to; odd for streams opened by a client.
  package var streamID: UInt32
  /// What the frame is. Types this implementation does not know are kept.
  package var type: FrameType
  /// How the type is meant. Bits this implementation does not know are kept.
  package var flags: FrameFlags

  package init(dataLength: UInt32, streamID: UInt32, type: FrameType, flags: FrameFlags = []) {
    self.dataLength = dataLength
    self.streamID = streamID
    self.type = type
    self.flags = flags
  }

  /// Reads the header that starts at `offset`; the caller has checked that ten bytes are there.
  init(_ bytes: Span<UInt8>, at offset: Int) {
    dataLength = Self.word(bytes, at: offset)
    streamID = Self.word(bytes, at: offset + 4)
    type = FrameType(rawValue: bytes[offset + 8])
    flags = FrameFlags(rawValue: bytes[offset + 9])
  }

  /// Whether bits are set that this implementation does not know.
  package var hasUnknownFlags: Bool { flags.rawValue & ~FrameFlags.known.rawValue != 0 }

  /// Whether its sender goes on sending.
  package var isOpen: Bool { flags.rawValue & FrameFlags.remoteOpen.rawValue != 0 }

  /// Writes the header behind what is in `output`, which has room for it.
  func append(to output: inout OutputSpan<UInt8>) {
    Self.append(dataLength, to: &output)
    Self.append(streamID, to: &output)
    output.append(type.rawValue)
    output.append(flags.rawValue)
  }

  private static func append(_ word: UInt32, to output: inout OutputSpan<UInt8>) {
    output.append(UInt8(truncatingIfNeeded: word >> 24))
    output.append(UInt8(truncatingIfNeeded: word >> 16))
    output.append(UInt8(truncatingIfNeeded: word >> 8))
    output.append(UInt8(truncatingIfNeeded: word))
  }

  private static func word(_ bytes: Span<UInt8>, at offset: Int) -> UInt32 {
    UInt32(bytes[offset]) << 24 | UInt32(bytes[offset + 1]) << 16
      | UInt32(bytes[offset + 2]) << 8 | UInt32(bytes[offset + 3])
  }
}

/// The ninth byte of a header.
package struct FrameType: RawRepresentable, Hashable, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Opens a stream.
  package static let request = FrameType(rawValue: 0x01)
  /// Ends a stream with a status, a message, or both.
  package static let response = FrameType(rawValue: 0x02)
  /// One message of an open stream.
  package static let data = FrameType(rawValue: 0x03)
}

/// The tenth byte of a header.
package struct FrameFlags: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The sender of the frame sends nothing more on the stream.
  package static let remoteClosed = FrameFlags(rawValue: 0x01)
  /// The sender of a Request goes on sending Data.
  package static let remoteOpen = FrameFlags(rawValue: 0x02)
  /// The frame carries no message. Without this flag empty data is an empty message.
  package static let noData = FrameFlags(rawValue: 0x04)
  /// Every bit the protocol defines.
  package static let known: FrameFlags = [.remoteClosed, .remoteOpen, .noData]
}
