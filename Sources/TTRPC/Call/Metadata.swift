/// Pairs of text that travel with a request, in order; a key may repeat.
///
/// Keys are lower case by convention and compared byte for byte.
public struct Metadata: Sendable, Hashable, ExpressibleByDictionaryLiteral {
  /// One pair.
  public struct Entry: Sendable, Hashable {
    /// Lower case by convention.
    public var key: String
    /// Any text.
    public var value: String

    /// Makes the pair of `key` and `value`.
    public init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  /// All pairs in the order they were added, which is the order of the wire.
  public private(set) var entries: [Entry] = []

  /// Makes empty metadata.
  public init() {}

  /// Makes metadata of the pairs of a literal, in their order.
  public init(dictionaryLiteral elements: (String, String)...) {
    entries = elements.map { Entry(key: $0.0, value: $0.1) }
  }

  /// True when there are no pairs.
  public var isEmpty: Bool { entries.isEmpty }

  /// Adds a pair behind the others.
  public mutating func append(_ value: String, for key: String) {
    entries.append(Entry(key: key, value: value))
  }

  /// The first value of `key`.
  public subscript(key: String) -> String? {
    // Bytes, not String ==: canonically equal spellings are different keys on the wire.
    entries.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }

  /// Every value of `key`, in order.
  public func values(for key: String) -> [String] {
    entries.filter { $0.key.utf8.elementsEqual(key.utf8) }.map(\.value)
  }
}
