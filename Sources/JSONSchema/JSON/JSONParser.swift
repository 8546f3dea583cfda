/// Reads one JSON text onto a tape, without recursion: while an array or object is open, its entry
/// on the tape leads to the one around it.
///
/// The source, the tape and the text are handed from function to function as spans: memory that is
/// neither grown nor checked for sharing with every byte.
///
/// A text that is only to be checked is read in the same way, by a parser that forgets what it has read to
/// its end: the tape then holds no more than what is open, and the keys of open objects, each with an entry
/// that stands for its value.
struct JSONParser {
  /// Why a text is refused, and where.
  struct Fault: Error {
    let reason: JSONError.Reason
    let offset: Int
  }

  private let limits: JSONLimits
  private let forgets: Bool
  /// The next byte to read.
  private var position = 0
  /// How many arrays and objects are open. Of those behind here the innermost one is meant.
  private var depth = 0
  /// Its entry.
  private var top = 0
  private var isArray = false
  /// Its items or members that are read to their end.
  private var count = 0
  /// What of it is being read: an item's index, or the index of a member's key on the tape; -1: nothing.
  private var current = -1

  /// - Parameter forgets: whether the text is only checked; the document is then of no use.
  /// - Throws: ``JSONError``.
  static func parse(
    _ bytes: [UInt8], limits: JSONLimits, forgets: Bool = false
  ) throws(JSONError) -> JSONDocument {
    guard bytes.count <= limits.maxBytes else {
      throw JSONError(
        reason: .tooLarge(maxBytes: limits.maxBytes), offset: limits.maxBytes, pointer: .root)
    }
    var parser = JSONParser(limits, forgets: forgets)
    var text: [UInt8] = []
    var slots: [UInt32] = []
    // Never more are needed: a value has a comma in front of it, or is the first of its container, which
    // has an end or is still open.
    let most = (bytes.count + min(limits.maxDepth, bytes.count)) / 2 + 2
    let nodes = try [TapeNode](capacity: most) { nodes throws(JSONError) in
      text = try [UInt8](capacity: bytes.count) { text throws(JSONError) in
        do throws(Fault) {
          try parser.document(bytes.span, &nodes, &text, &slots)
        } catch {
          throw JSONError(
            reason: error.reason, offset: error.offset, pointer: parser.place(nodes, text))
        }
      }
    }
    return JSONDocument(nodes: nodes, text: text, slots: slots)
  }

  private init(_ limits: JSONLimits, forgets: Bool) {
    self.limits = limits
    self.forgets = forgets
  }

  private mutating func document(
    _ bytes: Span<UInt8>, _ nodes: inout OutputSpan<TapeNode>, _ text: inout OutputSpan<UInt8>,
    _ slots: inout [UInt32]
  ) throws(Fault) {
    skipSpace(bytes)
    repeat {
      try value(bytes, &nodes, &text)
    } while try findValue(bytes, &nodes, &text, &slots)
    guard position == bytes.count else { throw fault(.trailingBytes) }
  }

  /// Reads on to the next value, over ends, commas and keys.
  /// - Returns: whether there is one, or else everything is read to its end.
  @inline(always)
  private mutating func findValue(
    _ bytes: Span<UInt8>, _ nodes: inout OutputSpan<TapeNode>, _ text: inout OutputSpan<UInt8>,
    _ slots: inout [UInt32]
  ) throws(Fault) -> Bool {
    skipSpace(bytes)
    while depth > 0 {
      if isNext(isArray ? UInt8(ascii: "]") : UInt8(ascii: "}"), bytes) {
        if !isArray && count > 1 { try index(&nodes, text, &slots) }
        close(bytes, &nodes, &text)
        skipSpace(bytes)
        continue
      }
      if count > 0 { try skip(UInt8(ascii: ","), bytes) }
      if isArray {
        current = count
      } else {
        guard isNext(UInt8(ascii: "\""), bytes) else { throw unexpected(bytes) }
        try key(bytes, &nodes, &text)
        skipSpace(bytes)
        try skip(UInt8(ascii: ":"), bytes)
      }
      // After a comma there must be a value, so `]` fails there.
      return true
    }
    return false
  }

  /// Reads what must come next, and the space behind it.
  @inline(always)
  private mutating func skip(_ byte: UInt8, _ bytes: Span<UInt8>) throws(Fault) {
    guard isNext(byte, bytes) else { throw unexpected(bytes) }
    position += 1
    skipSpace(bytes)
  }

  /// Reads a value, or only the opening of an array or object.
  @inline(always)
  private mutating func value(
    _ bytes: Span<UInt8>, _ nodes: inout OutputSpan<TapeNode>, _ text: inout OutputSpan<UInt8>
  ) throws(Fault) {
    guard position < bytes.count else { throw unexpected(bytes) }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try open(.object, bytes, &nodes, text)
    case UInt8(ascii: "["): return try open(.array, bytes, &nodes, text)
    case UInt8(ascii: "\""): try string(bytes, &nodes, &text)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      return try numbers(bytes, &nodes, &text)
    case UInt8(ascii: "n"): try word(Self.null, .null, bytes, &nodes)
    case UInt8(ascii: "t"): try word(Self.true, .true, bytes, &nodes)
    case UInt8(ascii: "f"): try word(Self.false, .false, bytes, &nodes)
    default: throw unexpected(bytes)
    }
    complete()
  }

  /// Opens an object or array, and the arrays that begin in its first place at once. One that ends where it
  /// begins is not opened but read.
  @inline(always)
  private mutating func open(
    _ kind: TapeNode.Kind, _ bytes: Span<UInt8>, _ nodes: inout OutputSpan<TapeNode>,
    _ text: borrowing OutputSpan<UInt8>
  ) throws(Fault) {
    let end = kind == .array ? UInt8(ascii: "]") : UInt8(ascii: "}")
    while true {
      guard depth < limits.maxDepth else { throw fault(.tooDeep(maxDepth: limits.maxDepth)) }
      position += 1
      if isNext(end, bytes) {
        position += 1
        if needsEntry {
          nodes.append(TapeNode(kind: kind, start: 0, count: 0, extent: nodes.count + 1))
        }
        return complete()
      }
      if depth > 0 { nodes[top].pause(count: count) }
      let around = top
      top = nodes.count
      isArray = kind == .array
      (count, current) = (0, -1)
      depth += 1
      nodes.append(
        TapeNode(kind: kind, start: forgets ? text.count : 0, count: 0, extent: around))
      guard kind == .array, isNext(UInt8(ascii: "["), bytes) else { return }
      current = 0
    }
  }

  /// Ends what is open, and the arrays around it that end at once.
  @inline(always)
  private mutating func close(
    _ bytes: Span<UInt8>, _ nodes: inout OutputSpan<TapeNode>, _ text: inout OutputSpan<UInt8>
  ) {
    repeat {
      position += 1
      depth -= 1
      let around = Int(nodes[top].extent)
      let isWithinArray = depth > 0 && nodes[around].kind == .array
      if forgets && !isArray {
        nodes.removeLast(nodes.count - (top + 1))
        text.removeLast(text.count - Int(nodes[top].start))
      }
      if forgets && isWithinArray {
        nodes.removeLast(1)
      } else {
        nodes[top].close(count: count, end: nodes.count)
      }
      guard depth > 0 else { return }
      top = around
      isArray = isWithinArray
      count = Int(nodes[around].count)
      complete()
    } while isArray && isNext(UInt8(ascii: "]"), bytes)
  }

  /// Whether anything is to be left of a value: of one in an object its place behind its key, at least.
  private var needsEntry: Bool { !forgets || !isArray }

  /// Counts a value that is read to its end.
  @inline(always)
  private mutating func complete() {
    count += 1
    current = -1
  }

  @inline(always)
  private mutating func word(
    _ word: [UInt8], _ kind: TapeNode.Kind, _ bytes: Span<UInt8>,
    _ nodes: inout OutputSpan<TapeNode>
  ) throws(Fault) {
    position = try Self.scanWord(word, at: position, bytes)
    if needsEntry { nodes.append(TapeNode(kind: kind, start: 0, count: 0, extent: 0)) }
  }

  private mutating func key(
    _ bytes: Span<UInt8>, _ nodes: inout OutputSpan<TapeNode>, _ text: inout OutputSpan<UInt8>
  ) throws(Fault) {
    let (source, start) = (position, text.count)
    position = try Self.scanString(at: source, bytes, &text)
    current = nodes.count
    append(.string, from: source, start, &nodes, text)
  }

  private mutating func string(
    _ bytes: Span<UInt8>, _ nodes: inout OutputSpan<TapeNode>, _ text: inout OutputSpan<UInt8>
  ) throws(Fault) {
    let (source, start) = (position, text.count)
    position = try Self.scanString(at: source, bytes, &text)
    if forgets { text.removeLast(text.count - start) }
    if needsEntry { append(.string, from: source, start, &nodes, text) }
  }

  /// Reads a number, and in an array the numbers that follow at once.
  @inline(always)
  private mutating func numbers(
    _ bytes: Span<UInt8>, _ nodes: inout OutputSpan<TapeNode>, _ text: inout OutputSpan<UInt8>
  ) throws(Fault) {
    while true {
      let (source, start) = (position, text.count)
      position = try Self.scanNumber(at: source, bytes)
      if !forgets {
        for index in source..<position { text.append(bytes[index]) }
      }
      if needsEntry { append(.number, from: source, start, &nodes, text) }
      complete()
      guard isArray, position + 1 < bytes.count, bytes[position] == UInt8(ascii: ","),
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[position + 1]
      else { return }
      position += 1
      current = count
    }
  }

  @inline(always)
  private func append(
    _ kind: TapeNode.Kind, from source: Int, _ start: Int, _ nodes: inout OutputSpan<TapeNode>,
    _ text: borrowing OutputSpan<UInt8>
  ) {
    nodes.append(
      TapeNode(
        kind: kind, start: start, count: text.count - start, extent: source))
  }

  // MARK: Bytes

  @inline(always)
  private func isNext(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
    position < bytes.count && bytes[position] == byte
  }

  @inline(always)
  private mutating func skipSpace(_ bytes: Span<UInt8>) {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0a, 0x0d: position += 1
      default: return
      }
    }
  }

  // MARK: Keys

  /// Refuses a key that occurs twice, and makes a large object's keys quick to find.
  @inline(always)
  private mutating func index(
    _ nodes: inout OutputSpan<TapeNode>, _ text: borrowing OutputSpan<UInt8>,
    _ slots: inout [UInt32]
  ) throws(Fault) {
    let start = slots.count
    let repeated =
      count <= JSONDocument.smallObject
      ? Self.repeatedKey(of: top, count, nodes, text)
      : Self.enterKeys(of: top, count, nodes, text, &slots)
    if let repeated {
      current = repeated
      throw Fault(reason: .duplicateKey, offset: Int(nodes[repeated].extent))
    }
    guard count > JSONDocument.smallObject else { return }
    if forgets { slots.removeAll(keepingCapacity: true) } else { nodes[top].index(slots: start) }
  }

  /// - Returns: a small object's key that occurred before.
  private static func repeatedKey(
    of object: Int, _ count: Int, _ nodes: borrowing OutputSpan<TapeNode>,
    _ text: borrowing OutputSpan<UInt8>
  ) -> Int? {
    var key = object + 1
    var seen = JSONDocument.SmallObject(repeating: 0)
    for number in 0..<count {
      for other in 0..<number where areEqual(seen[other], key, nodes, text) { return key }
      seen[number] = key
      key = nodes[key + 1].end(at: key + 1)
    }
    return nil
  }

  /// Enters a large object's keys into a table.
  /// - Returns: a key that occurred before.
  @inline(never)
  private static func enterKeys(
    of object: Int, _ count: Int, _ nodes: borrowing OutputSpan<TapeNode>,
    _ text: borrowing OutputSpan<UInt8>, _ slots: inout [UInt32]
  ) -> Int? {
    let capacity = KeyTable.capacity(for: count)
    let start = slots.count
    slots.append(contentsOf: repeatElement(0, count: capacity))
    let hasher = Hasher()
    var key = object + 1
    for _ in 0..<count {
      let bytes = text.span.extracting(nodes[key].textRange)
      var slot = KeyTable.hash(of: bytes, from: hasher) & (capacity - 1)
      while slots[start + slot] != 0 {
        if areEqual(Int(slots[start + slot]), key, nodes, text) { return key }
        slot = (slot + 1) & (capacity - 1)
      }
      slots[start + slot] = UInt32(key)
      key = nodes[key + 1].end(at: key + 1)
    }
    return nil
  }

  private static func areEqual(
    _ one: Int, _ other: Int, _ nodes: borrowing OutputSpan<TapeNode>,
    _ text: borrowing OutputSpan<UInt8>
  ) -> Bool {
    let (one, other) = (nodes[one].textRange, nodes[other].textRange)
    guard one.count == other.count else { return false }
    for index in 0..<one.count
    where text[one.lowerBound + index] != text[other.lowerBound + index] {
      return false
    }
    return true
  }

  // MARK: Failures

  private func unexpected(_ bytes: Span<UInt8>) -> Fault {
    Self.unexpected(at: position, bytes)
  }

  static func unexpected(at offset: Int, _ bytes: Span<UInt8>) -> Fault {
    Fault(
      reason: offset < bytes.count ? .unexpectedByte(bytes[offset]) : .unexpectedEnd,
      offset: offset)
  }

  private func fault(_ reason: JSONError.Reason) -> Fault {
    Fault(reason: reason, offset: position)
  }

  /// The way to what is being read.
  private func place(
    _ nodes: borrowing OutputSpan<TapeNode>, _ text: borrowing OutputSpan<UInt8>
  ) -> JSONPointer {
    var pointer = JSONPointer.root
    guard depth > 0 else { return pointer }
    var open = [top]
    while open.count < depth { open.append(Int(nodes[open[open.count - 1]].extent)) }
    open.reverse()
    for (container, inner) in zip(open, open.dropFirst()) {
      // A member's key stands before its value.
      let isArray = nodes[container].kind == .array
      append(isArray ? Int(nodes[container].count) : inner - 1, isArray, nodes, text, to: &pointer)
    }
    if current >= 0 { append(current, isArray, nodes, text, to: &pointer) }
    return pointer
  }

  private func append(
    _ step: Int, _ isIndex: Bool, _ nodes: borrowing OutputSpan<TapeNode>,
    _ text: borrowing OutputSpan<UInt8>, to pointer: inout JSONPointer
  ) {
    if isIndex { return pointer.append(index: step) }
    pointer.append(key: nodes[step].textRange.map { text[$0] }[...])
  }
}
