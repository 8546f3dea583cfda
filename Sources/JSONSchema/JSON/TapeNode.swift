/// One entry of a document's tape: a value or a key, before everything inside it.
///
/// Array: the items follow. Object: key, value, key, value follow, keys being strings. 12 bytes,
/// and never more than one entry for two bytes of JSON, plus one.
struct TapeNode: Sendable {
  enum Kind: UInt8, Sendable { case null, `false`, `true`, number, string, array, object }

  /// Text: where it begins in ``JSONDocument/text``. Object: where its slots begin in
  /// ``JSONDocument/slots``.
  private(set) var start: UInt32
  /// Text: its bytes. Array: its items. Object: its members.
  private(set) var count: UInt32
  /// The extent, and behind it the kind in three bits.
  private var packed: UInt32

  /// - Precondition: the numbers are below 2^29, as ``JSONLimits/maxBytes`` is. Each value is entered
  ///   here, so they are not checked once more.
  init(kind: Kind, start: Int, count: Int, extent: Int) {
    self.start = UInt32(truncatingIfNeeded: start)
    self.count = UInt32(truncatingIfNeeded: count)
    packed = UInt32(truncatingIfNeeded: extent) << 3 | UInt32(kind.rawValue)
  }

  var kind: Kind { Kind(rawValue: UInt8(packed & 7)) ?? .null }

  /// Array and object: the index after the last entry inside; the entry of what is around it while it
  /// is being read. Text: where it stood in the source.
  var extent: UInt32 { packed >> 3 }

  /// Text: where it is in ``JSONDocument/text``.
  var textRange: Range<Int> { Int(start)..<Int(start) + Int(count) }

  /// The index after everything inside, of the entry at `index`.
  func end(at index: Int) -> Int {
    switch kind {
    case .array, .object: Int(extent)
    default: index + 1
    }
  }

  /// Enters how much of an array or object is read.
  mutating func pause(count: Int) { self.count = UInt32(truncatingIfNeeded: count) }

  /// Enters what is known of an array or object at its end.
  mutating func close(count: Int, end: Int) {
    self.count = UInt32(truncatingIfNeeded: count)
    packed = UInt32(truncatingIfNeeded: end) << 3 | packed & 7
  }

  /// Enters where an object's slots begin.
  mutating func index(slots: Int) { start = UInt32(truncatingIfNeeded: slots) }
}
