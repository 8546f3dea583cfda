/// A line of input.
enum InputLine: Equatable, Sendable {
  /// Without its line feed.
  case bytes([UInt8])
  /// It was longer than allowed, and is gone.
  case tooLong
}

/// Cuts bytes into lines as they come, and never holds more of a line than is allowed.
struct LineBuffer {
  private let maxLineBytes: Int
  private var bytes: [UInt8] = []
  private var start = 0
  /// Up to here there is no line feed.
  private var searched = 0
  private var isSkipping = false

  init(maxLineBytes: Int) { self.maxLineBytes = maxLineBytes }

  mutating func append(_ more: some Sequence<UInt8>) {
    bytes.removeFirst(start)
    searched -= start
    start = 0
    bytes += more
  }

  /// The next line; nil when more bytes are needed. At the end, what is left is a line too.
  mutating func next(atEnd: Bool) -> InputLine? {
    while searched < bytes.count, bytes[searched] != UInt8(ascii: "\n") { searched += 1 }
    guard searched < bytes.count else {
      if searched - start > maxLineBytes {
        isSkipping = true
        start = searched
      }
      guard atEnd, start < bytes.count || isSkipping else { return nil }
      return take(upTo: bytes.count)
    }
    let line = take(upTo: searched)
    searched += 1
    start = searched
    return line
  }

  private mutating func take(upTo end: Int) -> InputLine {
    defer {
      start = end
      isSkipping = false
    }
    guard !isSkipping, end - start <= maxLineBytes else { return .tooLong }
    return .bytes(Array(bytes[start..<end]))
  }
}
