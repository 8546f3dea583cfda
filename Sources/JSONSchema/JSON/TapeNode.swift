/// One entry of a document's tape: a value or a key, before everything inside it.
///
/// Array: the items follow. Object: key, value, key, value follow, keys being strings. 16 bytes,
/// and never more than one entry for two bytes of JSON, plus one.
struct TapeNode: Sendable {
  enum Kind: UInt8, Sendable { case null, `false`, `true`, number, string, array, object }

  let kind: Kind
  /// Text: where it begins in ``JSONDocument/text``. Object: where its slots begin in
  /// ``JSONDocument/slots``.
  var start: UInt32
  /// Text: its bytes. Array: its items. Object: its members.
  var count: UInt32
  /// Array and object: the index after the last entry inside. Text: where it stood in the source.
  var extent: UInt32

  /// Enters what is known of an array or object at its end.
  mutating func close(count: Int, end: Int) {
    self.count = UInt32(count)
    extent = UInt32(end)
  }
}
