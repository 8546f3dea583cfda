/// A JSON text (RFC 8259), parsed strictly, kept flat.
///
/// Refused beyond the grammar: keys that occur twice in one object (readers disagree which counts),
/// halves of surrogate pairs, text that is not UTF-8, a byte order mark, numbers with an exponent
/// beyond ``JSONNumber/maxExponent``. Keys are compared by their bytes, so two that differ only in
/// Unicode normalisation are two keys.
///
/// Parsing is iterative, takes time in proportion to the bytes, and a document takes less than 20
/// times the memory of its text.
package struct JSONDocument: Sendable {
  /// Every value and key in the order of the text. The first is the root.
  let nodes: [TapeNode]
  /// Strings without escapes, and numbers as they were written.
  let text: [UInt8]
  /// Hash tables of the objects with more than ``smallObject`` members: indices of keys on the
  /// tape, 0 for free. A table has a power of two of slots, more than half of them free.
  let slots: [UInt32]

  /// Up to this many members are searched one by one.
  static let smallObject = SmallObject.count
  /// Something of each of their keys.
  typealias SmallObject = InlineArray<8, Int>

  package var root: JSONValue { JSONValue(document: self, node: 0) }

  /// The index after everything inside `node`.
  func end(of node: Int) -> Int { nodes[node].end(at: node) }

  /// What a string stands for, or how a number is written.
  func utf8(of node: Int) -> ArraySlice<UInt8> { text[nodes[node].textRange] }

  func number(at node: Int) -> JSONNumber { JSONNumber(validated: utf8(of: node)) }

  /// Indices of an array's items.
  func items(of array: Int) -> [Int] {
    var items: [Int] = []
    var next = array + 1
    while next < end(of: array) {
      items.append(next)
      next = end(of: next)
    }
    return items
  }

  /// Indices of an object's keys; each value follows its key.
  func keys(of object: Int) -> [Int] {
    var keys: [Int] = []
    var next = object + 1
    while next < end(of: object) {
      keys.append(next)
      next = end(of: next + 1)
    }
    return keys
  }

  /// The value of `key` in an object; nil when it has none.
  func value(of key: ArraySlice<UInt8>, in object: Int) -> Int? {
    let count = Int(nodes[object].count)
    if count <= Self.smallObject {
      var candidate = object + 1
      for _ in 0..<count {
        if utf8(of: candidate) == key { return candidate + 1 }
        candidate = end(of: candidate + 1)
      }
      return nil
    }
    let capacity = KeyTable.capacity(for: count)
    var slot = KeyTable.hash(of: key.span) & (capacity - 1)
    while true {
      let candidate = Int(slots[Int(nodes[object].start) + slot])
      if candidate == 0 { return nil }
      if utf8(of: candidate) == key { return candidate + 1 }
      slot = (slot + 1) & (capacity - 1)
    }
  }

  /// The way from the root to a value.
  func pointer(to node: Int) -> JSONPointer {
    var pointer = JSONPointer.root
    var place = 0
    while place != node {
      switch nodes[place].kind {
      case .array:
        var index = 0
        place += 1
        while node >= end(of: place) {
          place = end(of: place)
          index += 1
        }
        pointer.append(index: index)
      case .object:
        var key = place + 1
        while node >= end(of: key + 1) { key = end(of: key + 1) }
        pointer.append(key: utf8(of: key))
        // The pointer to a key is the pointer to its value: keys have none of their own.
        if key == node { return pointer }
        place = key + 1
      default: return pointer
      }
    }
    return pointer
  }
}

extension JSONDocument {
  /// - Throws: ``JSONError``.
  package init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
    self = try JSONParser.parse(bytes, limits: limits)
  }

  /// Checks that a text could be parsed, in less time and memory: only the keys of open objects are
  /// kept.
  /// - Throws: ``JSONError``, the same as parsing does.
  package static func check(
    _ bytes: [UInt8], limits: JSONLimits = JSONLimits()
  ) throws(JSONError) {
    _ = try JSONParser.parse(bytes, limits: limits, forgets: true)
  }
}
