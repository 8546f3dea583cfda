/// Reads one JSON text onto a tape, without recursion: what is open is kept on a stack of its own,
/// never deeper than the limit.
struct JSONParser {
  /// An array or object that is not closed yet.
  private struct Container {
    let node: Int
    let isArray: Bool
    /// Items or members read so far.
    var count = 0
    /// What is being read: an item's index, or the index of a member's key on the tape; -1: nothing.
    var current = -1

    mutating func complete() {
      count += 1
      current = -1
    }
  }

  let bytes: [UInt8]
  private let limits: JSONLimits
  var position = 0
  private(set) var nodes: [TapeNode] = []
  var text: [UInt8] = []
  private(set) var slots: [UInt32] = []
  /// The innermost one, while ``depth`` is above zero: not in an array, as it is touched for every value.
  private var top = Container(node: 0, isArray: true)
  /// Those around it, outermost first.
  private var outer: [Container] = []
  private var depth = 0

  init(_ bytes: [UInt8], limits: JSONLimits) {
    self.bytes = bytes
    self.limits = limits
  }

  mutating func parse() throws(JSONError) {
    guard bytes.count <= limits.maxBytes else {
      throw failure(.tooLarge(maxBytes: limits.maxBytes), at: limits.maxBytes)
    }
    text.reserveCapacity(bytes.count)
    // Never more are needed, and pages that are not written cost nothing.
    nodes.reserveCapacity(bytes.count / 2 + 1)
    skipSpace()
    try value()
    while depth > 0 {
      skipSpace()
      if top.isArray { try item() } else { try member() }
    }
    skipSpace()
    guard position == bytes.count else { throw failure(.trailingBytes) }
  }

  private mutating func item() throws(JSONError) {
    if peek() == UInt8(ascii: "]") { return try close() }
    if top.count > 0 { try separator() }
    top.current = top.count
    // After a comma there must be a value, so `]` fails there.
    try value()
  }

  private mutating func member() throws(JSONError) {
    if peek() == UInt8(ascii: "}") { return try close() }
    if top.count > 0 { try separator() }
    guard peek() == UInt8(ascii: "\"") else { throw unexpected() }
    let key = nodes.count
    try string()
    top.current = key
    skipSpace()
    guard peek() == UInt8(ascii: ":") else { throw unexpected() }
    position += 1
    skipSpace()
    try value()
  }

  private mutating func separator() throws(JSONError) {
    guard peek() == UInt8(ascii: ",") else { throw unexpected() }
    position += 1
    skipSpace()
  }

  /// Reads a value, or only the opening of an array or object.
  private mutating func value() throws(JSONError) {
    guard let first = peek() else { throw unexpected() }
    switch first {
    case UInt8(ascii: "{"): return try opening(.object)
    case UInt8(ascii: "["): return try opening(.array)
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
    case UInt8(ascii: "n"): try word("null", .null)
    case UInt8(ascii: "t"): try word("true", .true)
    case UInt8(ascii: "f"): try word("false", .false)
    default: throw unexpected()
    }
    complete()
  }

  private mutating func opening(_ kind: TapeNode.Kind) throws(JSONError) {
    guard depth < limits.maxDepth else { throw failure(.tooDeep(maxDepth: limits.maxDepth)) }
    position += 1
    if depth > 0 { outer.append(top) }
    top = Container(node: nodes.count, isArray: kind == .array)
    depth += 1
    nodes.append(TapeNode(kind: kind, start: 0, count: 0, extent: 0))
  }

  private mutating func close() throws(JSONError) {
    position += 1
    nodes[top.node].close(count: top.count, end: nodes.count)
    // A duplicate key is told with the place of its object.
    if !top.isArray { try index(top) }
    depth -= 1
    if let around = outer.popLast() { top = around }
    complete()
  }

  /// Counts a value that is read to its end.
  private mutating func complete() {
    if depth > 0 { top.complete() }
  }

  private mutating func word(_ word: StaticString, _ kind: TapeNode.Kind) throws(JSONError) {
    for byte in word.description.utf8 {
      guard peek() == byte else { throw unexpected() }
      position += 1
    }
    nodes.append(TapeNode(kind: kind, start: 0, count: 0, extent: 0))
  }

  private mutating func string() throws(JSONError) {
    try append(.string) { (parser) throws(JSONError) in try parser.scanString() }
  }

  private mutating func number() throws(JSONError) {
    // One digit and the end of it: the shortest way to make a text of many values.
    if position + 1 < bytes.count, bytes[position] != UInt8(ascii: "-") {
      switch bytes[position + 1] {
      case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"):
        nodes.append(
          TapeNode(
            kind: .number, start: UInt32(text.count), count: 1, extent: UInt32(position)))
        text.append(bytes[position])
        position += 1
        return
      default: break
      }
    }
    try append(.number) { (parser) throws(JSONError) in try parser.scanNumber() }
  }

  private mutating func append(
    _ kind: TapeNode.Kind, scan: (inout Self) throws(JSONError) -> Void
  ) throws(JSONError) {
    let (source, start) = (position, text.count)
    try scan(&self)
    nodes.append(
      TapeNode(
        kind: kind, start: UInt32(start), count: UInt32(text.count - start),
        extent: UInt32(source)))
  }

  // MARK: Keys

  /// Refuses a key that occurs twice, and makes a large object's keys quick to find.
  private mutating func index(_ object: Container) throws(JSONError) {
    guard object.count > 1 else { return }
    var key = object.node + 1
    if object.count <= JSONDocument.smallObject {
      var seen: [Int] = []
      for _ in 0..<object.count {
        for other in seen where bytes(of: other) == bytes(of: key) { throw duplicate(key) }
        seen.append(key)
        key = end(of: key + 1)
      }
      return
    }
    let capacity = KeyTable.capacity(for: object.count)
    let start = slots.count
    slots.append(contentsOf: repeatElement(0, count: capacity))
    for _ in 0..<object.count {
      var slot = KeyTable.hash(of: bytes(of: key)) & (capacity - 1)
      while slots[start + slot] != 0 {
        if bytes(of: Int(slots[start + slot])) == bytes(of: key) { throw duplicate(key) }
        slot = (slot + 1) & (capacity - 1)
      }
      slots[start + slot] = UInt32(key)
      key = end(of: key + 1)
    }
    nodes[object.node].start = UInt32(start)
  }

  private func bytes(of key: Int) -> ArraySlice<UInt8> {
    let start = Int(nodes[key].start)
    return text[start..<start + Int(nodes[key].count)]
  }

  private func end(of node: Int) -> Int {
    switch nodes[node].kind {
    case .array, .object: Int(nodes[node].extent)
    default: node + 1
    }
  }

  // MARK: Bytes

  /// Adds bytes of the source to the text.
  mutating func keep(from start: Int) {
    // Most are short, and a loop is shorter than what stands around a copy.
    if position - start > 16 { return text.append(contentsOf: bytes[start..<position]) }
    for index in start..<position { text.append(bytes[index]) }
  }

  func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0a, 0x0d: position += 1
      default: return
      }
    }
  }

  // MARK: Failures

  func unexpected() -> JSONError {
    failure(peek().map { .unexpectedByte($0) } ?? .unexpectedEnd)
  }

  func failure(_ reason: JSONError.Reason, at offset: Int? = nil) -> JSONError {
    JSONError(reason: reason, offset: offset ?? position, pointer: place())
  }

  private mutating func duplicate(_ key: Int) -> JSONError {
    top.current = key
    return failure(.duplicateKey, at: Int(nodes[key].extent))
  }

  private func place() -> JSONPointer {
    var pointer = JSONPointer.root
    for container in depth > 0 ? outer + [top] : [] {
      guard container.current >= 0 else { break }
      if container.isArray {
        pointer.append(index: container.current)
      } else {
        pointer.append(key: bytes(of: container.current))
      }
    }
    return pointer
  }
}
