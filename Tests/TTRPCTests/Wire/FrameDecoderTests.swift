import TTRPC
import Testing

@Suite("Frames")
struct FrameDecoderTests {
  /// Feeds `bytes` in pieces the way a socket does and collects what comes out.
  private func decode(_ bytes: [UInt8], cuts: [Int]) -> [FrameDecoder.Step] {
    var decoder = FrameDecoder()
    var steps: [FrameDecoder.Step] = []
    var kept: [UInt8] = []
    var start = 0
    for cut in cuts + [bytes.count] {
      kept += bytes[start..<cut]
      start = cut
      var offset = 0
      reading: while true {
        let step = decoder.next(in: kept.span, at: &offset)
        switch step {
        case .incomplete: break reading
        case .reservedByte: return steps + [step]
        case .frame(let header, let body):
          steps.append(.frame(header, body: 0..<body.count))
          let filler = UInt8(truncatingIfNeeded: body.count)
          #expect(kept[body].first ?? filler == filler && kept[body].last ?? filler == filler)
        case .oversized(let header):
          steps.append(step)
          decoder.skip(header, at: &offset)
        case .skipped: steps.append(step)
        }
      }
      kept.removeFirst(offset)
    }
    return steps
  }

  private func frame(_ id: UInt32, _ length: Int) -> [UInt8] {
    RawClient.frame(
      .data, stream: id, [UInt8](repeating: UInt8(truncatingIfNeeded: length), count: length))
  }

  private func expectIncomplete(
    _ decoder: inout FrameDecoder, _ bytes: [UInt8], _ offset: inout Int
  ) {
    let step = decoder.next(in: bytes.span, at: &offset)
    #expect(step == .incomplete)
  }

  @Test("frames come out the same wherever the stream is cut")
  func everyCut() {
    let bytes = frame(1, 0) + frame(3, 7) + frame(0xDEAD_BEEF, 2)
    let whole = decode(bytes, cuts: [])
    #expect(whole.count == 3)
    for first in 0...bytes.count {
      #expect(decode(bytes, cuts: [first]) == whole)
      for second in first...bytes.count { #expect(decode(bytes, cuts: [first, second]) == whole) }
    }
  }

  @Test("the header is read big-endian")
  func header() {
    let bytes = hex("00 01 02 03  0A 0B 0C 0D  03  05")
    var decoder = FrameDecoder()
    var offset = 0
    expectIncomplete(&decoder, bytes, &offset)
    #expect(offset == 0)
    let pending = decoder.pendingHeader(in: bytes.span, at: 0)
    #expect(
      pending
        == FrameHeader(
          dataLength: 0x0001_0203, streamID: 0x0A0B_0C0D, type: .data,
          flags: [.remoteClosed, .noData]))
  }

  @Test("the limit is the longest frame; one byte more is reported once, and its end")
  func oversized() {
    for (length, isTooLong) in [
      (4_194_304, false), (4_194_305, true), (16_777_215, true),
    ] {
      let bytes =
        RawClient.header(length: UInt32(length), .request, stream: 5)
        + [UInt8](repeating: UInt8(truncatingIfNeeded: length), count: length) + frame(7, 3)
      let steps = decode(bytes, cuts: Array(stride(from: 0, to: bytes.count, by: 1_000_003)))
      #expect(steps.count == (isTooLong ? 3 : 2))
      if isTooLong {
        #expect(
          steps.first
            == .oversized(
              FrameHeader(dataLength: UInt32(length), streamID: 5, type: .request)))
        #expect(steps[1] == .skipped)
      }
      #expect(
        steps.last
          == .frame(FrameHeader(dataLength: 3, streamID: 7, type: .data), body: 0..<3))
    }
  }

  @Test("a first byte that is not zero is fatal at once")
  func reserved() {
    #expect(decode([1], cuts: []) == [.reservedByte])
    #expect(decode(frame(1, 1) + [0xFF, 0, 0, 0], cuts: []).last == .reservedByte)
  }

  @Test("a frame may be given up before it has arrived")
  func skipped() {
    var decoder = FrameDecoder()
    var offset = 0
    let part = RawClient.header(length: 100, .request, stream: 9) + [1, 2, 3]
    expectIncomplete(&decoder, part, &offset)
    let header = decoder.pendingHeader(in: part.span, at: offset)
    #expect(header?.dataLength == 100)
    if let header { decoder.skip(header, at: &offset) }
    expectIncomplete(&decoder, part, &offset)
    #expect(offset == part.count)
    #expect(decoder.bytesToSkip == 97)
    let rest = [UInt8](repeating: 0, count: 97) + frame(11, 1)
    offset = 0
    let end = decoder.next(in: rest.span, at: &offset)
    #expect(end == .skipped && offset == 97)
    let step = decoder.next(in: rest.span, at: &offset)
    #expect(
      step
        == .frame(FrameHeader(dataLength: 1, streamID: 11, type: .data), body: 107..<108))
  }

  @Test("every step can be taken back, whatever it was about")
  func takenBack() {
    let bytes =
      RawClient.header(length: 4_194_305, .request, stream: 5)
      + [UInt8](repeating: 0, count: 4_194_305) + frame(7, 3) + frame(9, 0)
    var decoder = FrameDecoder()
    var offset = 0
    var steps = 0
    while true {
      let before = (decoder, offset)
      let step = decoder.next(in: bytes.span, at: &offset)
      if step == .incomplete { break }
      steps += 1
      switch step {
      case .frame, .oversized:
        // The offset is all there is to go back to.
        #expect(decoder == before.0)
        offset = before.1
        let again = decoder.next(in: bytes.span, at: &offset)
        #expect(again == step)
      case .skipped, .incomplete, .reservedByte: break
      }
      if case .oversized(let header) = step { decoder.skip(header, at: &offset) }
    }
    #expect(steps == 4 && offset == bytes.count)
  }

  @Test("random bytes never trap and never run past the end", arguments: 0..<200 as Range<UInt64>)
  func fuzz(seed: UInt64) {
    var dice = Dice(seed)
    var decoder = FrameDecoder(maxDataLength: 64)
    for _ in 0..<50 {
      var bytes = dice.bytes(Int.random(in: 1...200, using: &dice))
      // Mostly plausible lengths, or nothing beyond the first header is ever reached.
      for index in stride(from: 0, to: bytes.count, by: 10) where dice.next() % 8 != 0 {
        bytes[index] = 0
        if index + 2 < bytes.count { bytes[index + 1] = 0 }
        if index + 3 < bytes.count { bytes[index + 2] = 0 }
      }
      var offset = 0
      var steps = 0
      reading: while true {
        let before = offset
        steps += 1
        #expect(steps <= 200)
        switch decoder.next(in: bytes.span, at: &offset) {
        case .incomplete: break reading
        case .reservedByte:
          decoder = FrameDecoder(maxDataLength: 64)
          break reading
        case .frame(let header, let body):
          #expect(body.upperBound == offset && body.count == Int(header.dataLength))
          #expect(body.count <= 64)
        case .oversized(let header):
          #expect(header.dataLength > 64 && offset == before)
          decoder.skip(header, at: &offset)
        case .skipped: #expect(decoder.bytesToSkip == 0)
        }
        #expect(offset > before && offset <= bytes.count)
      }
      #expect(offset <= bytes.count)
    }
  }
}
