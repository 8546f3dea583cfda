internal import ProtobufC

/// Memory that runs out: with each piece in turn refused, decoding and encoding fail with an error that
/// says so, give back what they took, and work again the next time. Each piece has its own chunk, so that
/// address sanitizer sees what is read beyond its end or after its return.
///
/// Input: as that of ``MessagesTarget``; a form in JSON is taken for bytes like any other.
enum AllocationsTarget: FuzzTarget {
  /// Pieces that are refused one after the other; of messages that take more, the first.
  private static let most = 256

  static func run(_ input: FuzzInput) {
    var input = input
    let type = MessagesTarget.type(of: &input)
    _ = input.byte()
    let bytes = input.all()
    ThreadArena.isolatingPieces { sweep(type, bytes) }
  }

  private static func sweep<M: Message>(_: M.Type, _ bytes: [UInt8]) {
    // Losing the error is right: what is refused whole is the target `messages`'s.
    guard let whole = try? M(serialized: bytes.span, limits: .response) else { return }
    let name = M.descriptor.fullName
    // What holds a NaN is not equal to itself; a list in the same memory would be, so it is read anew.
    let twin = promised("\(name) is read twice") {
      try M(serialized: bytes.span, limits: .response)
    }
    let holdsNaN = twin != whole
    var limits = DecodingLimits.response
    for allowed in 0..<most {
      limits.maxAllocations = allowed
      do throws(MessageError) {
        let value = try M(serialized: bytes.span, limits: limits)
        promise(value == whole || holdsNaN, "\(name) is read the same with \(allowed) pieces")
        break
      } catch {
        promise(error.summary.contains("memory"), "\(name) says why it is refused: \(error)")
      }
      promise(ThreadArena.bytesHeld == 0, "\(name) gives back what it took to be read")
    }
    let written = promised("\(name) is written") { try whole.serialized() }
    var buffer: [UInt8] = []
    for allowed in 0..<most {
      do throws(MessageError) {
        try whole.withPacked(allocations: allowed) { packed in packed.append(to: &buffer) }
        promise(buffer == written, "\(name) is written the same with \(allowed) pieces")
        break
      } catch {
        promise(error.summary.contains("memory"), "\(name) says why it is not written: \(error)")
        promise(buffer.isEmpty, "\(name) that is not written leaves nothing")
      }
      promise(ThreadArena.bytesHeld == 0, "\(name) gives back what it took to be written")
    }
  }
}
