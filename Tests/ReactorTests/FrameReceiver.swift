import Reactor

/// Takes frames of a length and as many bytes; pauses now and then, and goes on in another turn.
final class FrameReceiver: StreamSocketDelegate, @unchecked Sendable {
  // SAFETY: touched on the loop only.
  let socket: StreamSocket
  let ended = Completion<Void>()
  var messages: [[UInt8]] = []
  private var random: SeededGenerator

  init(_ socket: StreamSocket, seed: UInt64) {
    self.socket = socket
    random = SeededGenerator(seed: seed)
  }

  func received(_ bytes: Span<UInt8>) -> Int {
    var consumed = 0
    while bytes.count - consumed >= 4 {
      let length = (0..<4).reduce(0) { $0 << 8 | Int(bytes[consumed + $1]) }
      guard bytes.count - consumed - 4 >= length else { break }
      let start = consumed + 4
      messages.append(bytes.extracting(start..<(start + length)).array)
      consumed = start + length
      if Int.random(in: 0..<4, using: &random) == 0 {
        socket.pauseReading()
        let socket = socket
        _ = socket.loop.schedule(after: .zero) { socket.resumeReading() }
        break
      }
    }
    return consumed
  }
  func peerFinishedWriting() { ended.succeed(()) }
  func outputDrained() {}
  func closed(_ error: SystemError?) { ended.fail(error ?? SystemError(errno: 0, operation: "")) }
}
