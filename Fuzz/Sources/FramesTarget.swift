internal import ProtobufC
internal import TTRPC

/// The frame machine of the server: the same frames come out wherever the bytes are cut, and they are
/// those that a plain reading of PROTOCOL.md finds.
///
/// Input: how long frames may be, the number of cuts, the cuts, and what arrives.
enum FramesTarget: FuzzTarget {
  /// What comes out of the decoder, with the bytes of each frame.
  enum Event: Equatable {
    case frame(FrameHeader, [UInt8])
    case oversized(FrameHeader)
    case skipped
    case reservedByte
  }

  static func run(_ input: FuzzInput) {
    var input = input
    let maxDataLength = [FrameHeader.maxDataLength, 0, 16, 200][Int(input.byte() % 4)]
    let cuts = (0..<Int(input.byte() % 8)).map { _ in input.word() }
    let bytes = input.all()
    let expected = plainReading(bytes, maxDataLength)
    promise(
      decode([bytes], maxDataLength) == expected, "the decoder finds the frames of PROTOCOL.md")
    let places = cuts.map { $0 % (bytes.count + 1) }.sorted()
    let pieces = zip([0] + places, places + [bytes.count]).map { Array(bytes[$0..<$1]) }
    promise(decode(pieces, maxDataLength) == expected, "a cut changes nothing")
    promise(
      decode(bytes.prefix(512).map { [$0] }, maxDataLength)
        == plainReading(Array(bytes.prefix(512)), maxDataLength), "single bytes change nothing")
    StreamsModel.run(expected)
  }

  /// Feeds the pieces the way a connection does: what was not consumed is presented again.
  private static func decode(_ pieces: [[UInt8]], _ maxDataLength: Int) -> [Event] {
    var decoder = FrameDecoder(maxDataLength: maxDataLength)
    var events: [Event] = []
    var kept: [UInt8] = []
    for piece in pieces {
      kept += piece
      var offset = 0
      reading: while true {
        let start = offset
        let before = decoder
        let step = decoder.next(in: kept.span, at: &offset)
        promise(offset >= start && offset <= kept.count, "the offset moves on, within the bytes")
        switch step {
        case .frame(let header, let body):
          promise(
            body.lowerBound == start + FrameHeader.byteCount && body.upperBound == offset
              && body.count == Int(header.dataLength) && body.count <= maxDataLength,
            "a frame is its header and as many bytes as that says")
          var (again, place) = (before, start)
          let repeated = again.next(in: kept.span, at: &place)
          promise(repeated == step && again == decoder, "who goes back sees the same frame")
          events.append(.frame(header, Array(kept[body])))
        case .oversized(let header):
          promise(offset == start, "a frame above the limit is left where it is")
          events.append(.oversized(header))
          decoder.skip(header, at: &offset)
        case .skipped: events.append(.skipped)
        case .reservedByte: return events + [.reservedByte]
        case .incomplete:
          if let header = decoder.pendingHeader(in: kept.span, at: offset) {
            promise(
              Int(header.dataLength) > kept.count - offset - FrameHeader.byteCount,
              "only a frame that has not arrived is pending")
          }
          break reading
        }
      }
      kept.removeFirst(offset)
      promise(decoder.bytesToSkip == 0 || kept.isEmpty, "nothing of a refused frame is kept")
      promise(
        kept.count < FrameHeader.byteCount + maxDataLength, "less than one frame is kept")
    }
    return events
  }

  /// Frames as PROTOCOL.md describes them, read in one go.
  private static func plainReading(_ bytes: [UInt8], _ maxDataLength: Int) -> [Event] {
    var events: [Event] = []
    var rest = bytes[...]
    while let first = rest.first {
      guard first == 0 else { return events + [.reservedByte] }
      guard rest.count >= 10 else { return events }
      let head = rest.prefix(10).map(UInt32.init)
      let header = FrameHeader(
        dataLength: head[1] << 16 | head[2] << 8 | head[3],
        streamID: head[4] << 24 | head[5] << 16 | head[6] << 8 | head[7],
        type: FrameType(rawValue: UInt8(head[8])), flags: FrameFlags(rawValue: UInt8(head[9])))
      let length = Int(header.dataLength)
      let data = rest.dropFirst(10)
      if length > maxDataLength {
        events.append(.oversized(header))
        guard data.count >= length else { return events }
        events.append(.skipped)
      } else {
        guard data.count >= length else { return events }
        events.append(.frame(header, Array(data.prefix(length))))
      }
      rest = data.dropFirst(length)
    }
    return events
  }
}
