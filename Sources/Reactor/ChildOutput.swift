internal import CEpoll
internal import Glibc

/// Reads what a child writes into a pipe and keeps the end of it. Belongs to the loop's thread.
final class ChildOutput {
  private let maxBytes: Int
  private let descriptor: Descriptor
  private let loop: EventLoop
  private var watch: Watch?
  private var bytes: [UInt8] = []

  init(_ descriptor: consuming Descriptor, maxBytes: Int, on loop: EventLoop) throws(SystemError) {
    self.maxBytes = max(0, maxBytes)
    self.loop = loop
    self.descriptor = descriptor
    let raw = self.descriptor.raw
    watch = try loop.watch(descriptor: raw, for: .read) { _ in _ = self.readOnce() }
  }

  /// Takes what is in the pipe, waits for nobody who may still hold its other end (a grandchild),
  /// and returns what was kept.
  func finish() -> [UInt8] {
    // A pipe holds 64 KiB, more if enlarged up to 1 MiB; someone who keeps writing is not awaited.
    var rounds = 1024 * 1024 / EventLoop.readBufferSize + 1
    while rounds > 0, readOnce() { rounds -= 1 }
    stop()
    defer { bytes = [] }
    return Array(bytes.suffix(maxBytes))
  }

  /// False when there is nothing to read now, or never again.
  private func readOnce() -> Bool {
    let buffer = unsafe loop.readBuffer
    let count = unsafe read(descriptor.raw, buffer.baseAddress, buffer.count)
    guard count > 0 else {
      // Level-triggered: an end that stays readable would be told for ever.
      if count == 0 || (errno != EAGAIN && errno != EINTR) { stop() }
      return false
    }
    unsafe bytes.append(contentsOf: buffer.prefix(count))
    if bytes.count > 2 * maxBytes { bytes.removeFirst(bytes.count - maxBytes) }
    return true
  }

  private func stop() {
    watch?.cancel()
    watch = nil
  }
}
