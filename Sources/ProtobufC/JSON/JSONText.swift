/// The text of a JSON string where it lies, escapes and all.
@safe
struct JSONText {
  private let start: UnsafePointer<UInt8>
  /// Bytes as written: decoded, a text is never longer.
  let count: Int
  private let isEscaped: Bool

  init(start: UnsafePointer<UInt8>, count: Int, isEscaped: Bool) {
    unsafe self.start = unsafe start
    self.count = count
    self.isEscaped = isEscaped
  }

  /// Writes the decoded text.
  /// - Parameter target: Has room for ``count`` bytes.
  /// - Returns: Bytes written, or nil when an escape is wrong or stands for NUL.
  func decode(to target: UnsafeMutablePointer<UInt8>) -> Int? {
    guard isEscaped else {
      unsafe target.update(from: start, count: count)
      return count
    }
    var at = 0
    var written = 0
    while at < count {
      let byte = unsafe start[at]
      at += 1
      guard byte == UInt8(ascii: "\\") else {
        unsafe target[written] = byte
        written += 1
        continue
      }
      guard let scalar = escape(&at), scalar.value != 0 else { return nil }
      for unit in String(Character(scalar)).utf8 {
        unsafe target[written] = unit
        written += 1
      }
    }
    return written
  }

  /// Lends the decoded text, in memory of the arena if it had escapes; nil when an escape is wrong
  /// or there is no memory.
  func decoded(in arena: UnsafeMutablePointer<Arena>) -> UnsafeBufferPointer<UInt8>? {
    if !isEscaped { return unsafe UnsafeBufferPointer(start: start, count: count) }
    guard let memory = unsafe arena.pointee.allocate(count) else { return nil }
    let target = unsafe memory.bindMemory(to: UInt8.self, capacity: count)
    guard let length = unsafe decode(to: target) else { return nil }
    return unsafe UnsafeBufferPointer(start: target, count: length)
  }

  /// Reads what follows a backslash.
  private func escape(_ at: inout Int) -> Unicode.Scalar? {
    guard at < count else { return nil }
    let byte = unsafe start[at]
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return codePoint(&at)
    default: return nil
    }
  }

  /// Reads four hexadecimal digits, and the second half of a surrogate pair behind the first.
  private func codePoint(_ at: inout Int) -> Unicode.Scalar? {
    guard let first = unit(&at) else { return nil }
    guard (0xD800...0xDBFF).contains(first) else { return Unicode.Scalar(first) }
    guard count - at >= 2, unsafe start[at] == UInt8(ascii: "\\"),
      unsafe start[at + 1] == UInt8(ascii: "u")
    else { return nil }
    at += 2
    guard let second = unit(&at), (0xDC00...0xDFFF).contains(second) else { return nil }
    return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
  }

  private func unit(_ at: inout Int) -> UInt32? {
    guard count - at >= 4 else { return nil }
    var value: UInt32 = 0
    for _ in 0..<4 {
      let byte = unsafe start[at]
      at += 1
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - 48)
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - 87)
      case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - 55)
      default: return nil
      }
    }
    return value
  }
}
