/// Which items or members of a value have been looked at: a bit for each, by position.
struct ChildSet: Sendable {
  private var words: [UInt64] = []

  /// Steps that merging it takes.
  var cost: Int { words.count / 8 }

  mutating func insert(_ position: Int) {
    let word = position / 64
    if word >= words.count {
      words.append(contentsOf: repeatElement(0, count: word - words.count + 1))
    }
    words[word] |= 1 << UInt64(position % 64)
  }

  func contains(_ position: Int) -> Bool {
    position / 64 < words.count && words[position / 64] >> UInt64(position % 64) & 1 == 1
  }

  mutating func formUnion(_ other: ChildSet) {
    if words.isEmpty {
      words = other.words
      return
    }
    if other.words.count > words.count {
      words.append(contentsOf: repeatElement(0, count: other.words.count - words.count))
    }
    for (index, word) in other.words.enumerated() { words[index] |= word }
  }
}
