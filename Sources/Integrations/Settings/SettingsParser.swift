/// Reads a settings file: strict JSON (RFC 8259) that remembers lines.
///
/// Stricter than JSON: a key may appear only once, numbers are whole, nothing follows the value.
/// Limits: 1 MiB, 16 levels.
package struct SettingsParser {
  package static let maxBytes = 1_048_576
  package static let maxDepth = 16

  private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

  private let file: String
  private let bytes: [UInt8]
  private var position = 0
  private var line = 1

  /// Reads one document.
  /// - Throws: ``SettingsError`` with the line of the first fault.
  package static func parse(_ bytes: [UInt8], file: String) throws(SettingsError) -> SettingsValue {
    guard bytes.count <= maxBytes else {
      throw SettingsError(file: file, "is larger than \(maxBytes) bytes")
    }
    var parser = SettingsParser(file: file, bytes: bytes)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.peek == nil else {
      throw parser.fault("something follows the end of the document")
    }
    return value
  }

  private init(file: String, bytes: [UInt8]) {
    self.file = file
    self.bytes = bytes
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func fault(_ message: String) -> SettingsError {
    SettingsError(file: file, line: line, message)
  }

  private mutating func skipSpace() {
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\n"): line += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
      default: return
      }
      position += 1
    }
  }

  private mutating func expect(_ character: Unicode.Scalar, _ place: String) throws(SettingsError) {
    skipSpace()
    guard let byte = peek, byte == UInt8(ascii: character) else {
      throw fault("expected '\(character)' \(place)")
    }
    position += 1
  }

  private mutating func value(depth: Int) throws(SettingsError) -> SettingsValue {
    guard depth < Self.maxDepth else { throw fault("more than \(Self.maxDepth) levels") }
    skipSpace()
    let start = line
    let kind: SettingsValue.Kind
    switch peek {
    case UInt8(ascii: "{"): kind = .object(try object(depth: depth))
    case UInt8(ascii: "["): kind = .array(try array(depth: depth))
    case UInt8(ascii: "\""): kind = .string(try string())
    case UInt8(ascii: "t"): kind = try word("true", .bool(true))
    case UInt8(ascii: "f"): kind = try word("false", .bool(false))
    case UInt8(ascii: "n"): kind = try word("null", .null)
    case nil: throw fault("the document ends too soon")
    case let byte? where byte == UInt8(ascii: "-") || Self.digits.contains(byte):
      kind = .integer(try integer())
    default: throw fault("expected a JSON value")
    }
    return SettingsValue(kind: kind, line: start)
  }

  private mutating func word(
    _ word: String, _ kind: SettingsValue.Kind
  ) throws(SettingsError) -> SettingsValue.Kind {
    guard bytes[position...].starts(with: word.utf8) else { throw fault("expected a JSON value") }
    position += word.utf8.count
    return kind
  }

  private mutating func object(depth: Int) throws(SettingsError) -> [SettingsValue.Member] {
    position += 1
    var members: [SettingsValue.Member] = []
    var keys: Set<[UInt8]> = []
    skipSpace()
    if peek == UInt8(ascii: "}") {
      position += 1
      return []
    }
    while true {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw fault("expected a key in quotes") }
      let start = line
      let key = try string()
      guard keys.insert(Array(key.utf8)).inserted else { throw fault("\"\(key)\" appears twice") }
      try expect(":", "after \"\(key)\"")
      members.append(.init(key: key, line: start, value: try value(depth: depth + 1)))
      skipSpace()
      if peek == UInt8(ascii: ",") {
        position += 1
        continue
      }
      try expect("}", "or ',' after the value of \"\(key)\"")
      return members
    }
  }

  private mutating func array(depth: Int) throws(SettingsError) -> [SettingsValue] {
    position += 1
    var values: [SettingsValue] = []
    skipSpace()
    if peek == UInt8(ascii: "]") {
      position += 1
      return []
    }
    while true {
      values.append(try value(depth: depth + 1))
      skipSpace()
      if peek == UInt8(ascii: ",") {
        position += 1
        continue
      }
      try expect("]", "or ',' after an element")
      return values
    }
  }

  private mutating func integer() throws(SettingsError) -> Int64 {
    let start = position
    if peek == UInt8(ascii: "-") { position += 1 }
    while let byte = peek, Self.digits.contains(byte) { position += 1 }
    if let byte = peek, [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(byte) {
      throw fault("numbers must be whole")
    }
    let digits = bytes[start..<position].drop { $0 == UInt8(ascii: "-") }
    guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1,
      let number = Int64(String(decoding: bytes[start..<position], as: UTF8.self))
    else { throw fault("not a number that can be read") }
    return number
  }

  private mutating func string() throws(SettingsError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw fault("a string is not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): text += try escape()
      case 0..<0x20: throw fault("a string holds a control character, or its quote is missing")
      default: text.append(byte)
      }
    }
    throw fault("the quote of a string is missing")
  }

  private mutating func escape() throws(SettingsError) -> [UInt8] {
    guard let byte = peek else { throw fault("the document ends too soon") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var units = [try codeUnit()]
      if UTF16.isLeadSurrogate(units[0]) {
        guard bytes[position...].starts(with: "\\u".utf8) else {
          throw fault("half a surrogate pair in a string")
        }
        position += 2
        units.append(try codeUnit())
      }
      guard let text = String(validating: units, as: UTF16.self) else {
        throw fault("half a surrogate pair in a string")
      }
      return Array(text.utf8)
    default: throw fault("an unknown escape in a string")
    }
  }

  private mutating func codeUnit() throws(SettingsError) -> UInt16 {
    guard position + 4 <= bytes.count,
      let unit = UInt16(
        String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16),
      bytes[position] != UInt8(ascii: "+")
    else { throw fault("\\u needs four hexadecimal digits") }
    position += 4
    return unit
  }
}
