/// The grammar of RFC 8259 and nothing else, written down a second time: by recursion.
struct PlainJSON {
  private var rest: ArraySlice<UInt8>

  private var isTooDeep = false

  private static let maxDepth = 100

  /// Nil when the text is nested too deep to say.
  static func accepts(_ bytes: [UInt8]) -> Bool? {
    guard String(validating: bytes, as: UTF8.self) != nil else { return false }
    var reader = PlainJSON(rest: bytes[...])
    let isGood = reader.value(depth: 0) && reader.rest.isEmpty
    return reader.isTooDeep ? nil : isGood
  }

  private mutating func take(_ text: String) -> Bool {
    guard rest.starts(with: text.utf8) else { return false }
    rest = rest.dropFirst(text.utf8.count)
    return true
  }

  private mutating func blanks() { rest = rest.drop { " \t\n\r".utf8.contains($0) } }

  private mutating func value(depth: Int) -> Bool {
    guard depth < Self.maxDepth else {
      isTooDeep = true
      return false
    }
    blanks()
    defer { blanks() }
    switch rest.first {
    case UInt8(ascii: "{"):
      return list("{", "}") { reader in
        reader.blanks()
        guard reader.string() else { return false }
        reader.blanks()
        return reader.take(":") && reader.value(depth: depth + 1)
      }
    case UInt8(ascii: "["): return list("[", "]") { $0.value(depth: depth + 1) }
    case UInt8(ascii: "\""): return string()
    default: return take("null") || take("true") || take("false") || number()
    }
  }

  private mutating func list(
    _ open: String, _ close: String, _ element: (inout PlainJSON) -> Bool
  ) -> Bool {
    guard take(open) else { return false }
    blanks()
    if take(close) { return true }
    repeat {
      guard element(&self) else { return false }
      blanks()
    } while take(",")
    return take(close)
  }

  private mutating func string() -> Bool {
    guard take("\"") else { return false }
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return true
      case 0..<0x20: return false
      case UInt8(ascii: "\\"):
        guard let escaped = rest.popFirst() else { return false }
        if escaped == UInt8(ascii: "u") {
          let digits = rest.prefix(4)
          rest = rest.dropFirst(4)
          guard digits.count == 4, digits.allSatisfy(Self.isHexDigit) else { return false }
        } else if !"\"\\/bfnrt".utf8.contains(escaped) {
          return false
        }
      default: break
      }
    }
    return false
  }

  private mutating func number() -> Bool {
    _ = take("-")
    if !take("0"), !digits() { return false }
    if take("."), !digits() { return false }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      return digits()
    }
    return true
  }

  private mutating func digits() -> Bool {
    let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    rest = rest.dropFirst(digits.count)
    return !digits.isEmpty
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
  }
}
