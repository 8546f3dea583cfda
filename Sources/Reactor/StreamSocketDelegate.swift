/// Who reads a ``StreamSocket`` and learns what becomes of it. Called on the socket's loop, never
/// from within a call to the socket.
package protocol StreamSocketDelegate: AnyObject {
  /// Bytes in the order they arrived.
  /// - Parameter bytes: what was left over last time, followed by what is new; valid during the call.
  ///   Never empty.
  /// - Returns: how many were consumed, `0...bytes.count`. The rest is kept and comes again in front
  ///   of what arrives next (or after ``StreamSocket/resumeReading()``).
  func received(_ bytes: Span<UInt8>) -> Int

  /// The peer has ended its direction; at most once, after the last ``received(_:)``. Bytes that
  /// were never consumed are a message cut short. Writing may still work.
  func peerFinishedWriting()

  /// The kernel has taken bytes of the output, so ``StreamSocket/unsentBytes`` has fallen; after
  /// every write. By default: nothing.
  func outputTaken()

  /// Everything is sent after a flush had to leave something for later: the moment to go on after
  /// backpressure. Not called for flushes that succeed at once. By default: nothing.
  func outputDrained()

  /// The socket is closed, by whomever; exactly once, and the last call.
  /// - Parameter error: why; nil after ``StreamSocket/close()``, or when both sides had finished.
  func closed(_ error: SystemError?)
}

extension StreamSocketDelegate {
  package func outputTaken() {}
  package func outputDrained() {}
}
