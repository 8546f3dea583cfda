/// Walks over JSON text (RFC 8259), strictly: no comments, no trailing commas, no control characters
/// in strings, well-formed UTF-8, surrogates in pairs, at most ``maxDepth`` objects and arrays deep.
@safe
struct JSONScanner: ~Copyable {
  /// How deep objects and arrays may nest.
  static let maxDepth = 64

  private let base: UnsafePointer<UInt8>
  private let count: Int
  /// The byte that is looked at next.
  private(set) var at = 0
  private var depth = 0

  /// - Parameter bytes: Valid for as long as the scanner.
  init(_ base: UnsafePointer<UInt8>, count: Int) {
    unsafe self.base = unsafe base
    self.count = count
  }

  /// A fault at the place that was reached.
  func fault(_ description: String) -> MessageError {
    MessageError("is not valid JSON at byte \(at): \(description)")
  }

  /// The first byte of the next token, 0 at the end of the text.
  mutating func peek() -> UInt8 {
    while at < count {
      let byte = unsafe base[at]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
      at += 1
    }
    return 0
  }

  /// Takes the next token if it is that punctuation mark.
  mutating func take(_ mark: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: mark) else { return false }
    at += 1
    return true
  }

  mutating func expect(_ mark: Unicode.Scalar) throws(MessageError) {
    guard take(mark) else { throw fault("expected '\(mark)'") }
  }

  /// Takes the next token if it is that word.
  mutating func take(word: StaticString) -> Bool {
    _ = peek()
    guard count - at >= word.utf8CodeUnitCount else { return false }
    for index in 0..<word.utf8CodeUnitCount
    where unsafe base[at + index] != word.utf8Start[index] {
      return false
    }
    at += word.utf8CodeUnitCount
    return true
  }

  /// Takes the bracket that begins an object or an array.
  mutating func enter(_ mark: Unicode.Scalar) throws(MessageError) {
    try expect(mark)
    depth += 1
    guard depth <= Self.maxDepth else { throw fault("nested deeper than \(Self.maxDepth)") }
  }

  /// Takes the bracket that ends an object or an array, or the comma before its next element.
  /// - Returns: Whether there is a next element.
  mutating func next(until mark: Unicode.Scalar, isFirst: Bool) throws(MessageError) -> Bool {
    if take(mark) {
      depth -= 1
      return false
    }
    if !isFirst {
      guard take(",") else { throw fault("expected ',' or '\(mark)'") }
    }
    return true
  }

  /// Refuses text behind the value.
  mutating func finish() throws(MessageError) {
    guard peek() == 0, at == count else { throw fault("something follows the value") }
  }

  /// Takes a number and lends its text.
  mutating func number() throws(MessageError) -> UnsafeBufferPointer<UInt8> {
    _ = peek()
    let length = unsafe JSONNumber.length(UnsafeBufferPointer(start: base + at, count: count - at))
    guard length > 0 else { throw fault("expected a number") }
    let text = unsafe UnsafeBufferPointer(start: base + at, count: length)
    at += length
    return unsafe text
  }

  /// Takes a string: gives where its text lies, still escaped.
  mutating func string() throws(MessageError) -> JSONText {
    guard take("\"") else { throw fault("expected a string") }
    let start = at
    var isEscaped = false
    while at < count {
      let byte = unsafe base[at]
      if byte == UInt8(ascii: "\"") {
        let length = at - start
        if let fault = unsafe TextFault.first(in: base + start, count: length) {
          throw self.fault(fault == .holdsNUL ? "NUL in a string" : "a string is not UTF-8")
        }
        at += 1
        return unsafe JSONText(start: base + start, count: length, isEscaped: isEscaped)
      }
      guard byte >= 0x20 else { throw fault("a control character in a string") }
      at += 1
      if byte == UInt8(ascii: "\\") {
        isEscaped = true
        // Whatever is escaped, it does not end the string; JSONText looks at it.
        at += 1
      }
    }
    throw fault("a string without an end")
  }

  /// Moves behind a value.
  mutating func skipValue() throws(MessageError) {
    switch peek() {
    case UInt8(ascii: "{"):
      try enter("{")
      var isFirst = true
      while try next(until: "}", isFirst: isFirst) {
        isFirst = false
        _ = try string()
        try expect(":")
        try skipValue()
      }
    case UInt8(ascii: "["):
      try enter("[")
      var isFirst = true
      while try next(until: "]", isFirst: isFirst) {
        isFirst = false
        try skipValue()
      }
    case UInt8(ascii: "\""): _ = try string()
    default:
      if take(word: "true") || take(word: "false") || take(word: "null") { return }
      _ = try unsafe number()
    }
  }

  /// Where the scanner is, to come back to with ``rewind(to:)``.
  var position: (at: Int, depth: Int) { (at, depth) }

  mutating func rewind(to position: (at: Int, depth: Int)) { (at, depth) = position }
}
