/// How keys are hashed: seeded per process by the standard library, so that nobody outside can
/// choose keys that collide.
enum KeyTable {
  /// Slots for `count` keys: a power of two, more than half of them free.
  static func capacity(for count: Int) -> Int {
    1 << (Int.bitWidth - max(count, 1).leadingZeroBitCount + 1)
  }

  /// - Parameter start: a new hasher; who hashes many keys makes it once.
  static func hash(of key: Span<UInt8>, from start: Hasher = Hasher()) -> Int {
    var hasher = start
    combine(key, into: &hasher)
    return hasher.finalize()
  }

  /// Eight bytes at a time, which is what makes it cheap. The last word has less, and how many in its first
  /// byte.
  static func combine(_ bytes: Span<UInt8>, into hasher: inout Hasher) {
    var word: UInt64 = 0
    var held: UInt64 = 0
    for index in bytes.indices {
      word = word << 8 | UInt64(bytes[index])
      held += 1
      if held == 8 {
        hasher.combine(word)
        (word, held) = (0, 0)
      }
    }
    hasher.combine(held << 56 | word)
  }
}
