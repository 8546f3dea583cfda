extension JSONParser {
  /// Reads a string (RFC 8259 §7), its opening quote being next, and adds what it stands for to the
  /// text: well-formed UTF-8 in any case.
  mutating func scanString() throws(JSONError) {
    position += 1
    var plain = position
    while true {
      guard let byte = peek() else { throw failure(.unexpectedEnd) }
      switch byte {
      case UInt8(ascii: "\""):
        keep(from: plain)
        position += 1
        return
      case UInt8(ascii: "\\"):
        keep(from: plain)
        try scanEscape()
        plain = position
      case 0..<0x20: throw failure(.controlCharacter)
      case 0x20..<0x80: position += 1
      default:
        guard let length = UTF8Text.sequenceLength(at: position, in: bytes) else {
          throw failure(.invalidUTF8)
        }
        position += length
      }
    }
  }

  private mutating func scanEscape() throws(JSONError) {
    let start = position
    position += 1
    guard let letter = peek() else { throw failure(.unexpectedEnd) }
    position += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      let unit = try scanCodeUnit()
      guard 0xd800...0xdfff ~= unit else {
        UTF8Text.append(unit, to: &text)
        return
      }
      guard unit < 0xdc00, peek() == UInt8(ascii: "\\") else {
        throw failure(.loneSurrogate, at: start)
      }
      position += 1
      guard peek() == UInt8(ascii: "u") else { throw failure(.loneSurrogate, at: start) }
      position += 1
      let low = try scanCodeUnit()
      guard 0xdc00...0xdfff ~= low else { throw failure(.loneSurrogate, at: start) }
      UTF8Text.append(0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00), to: &text)
    default: throw failure(.invalidEscape, at: start)
    }
  }

  /// Reads the four digits after `\u`.
  private mutating func scanCodeUnit() throws(JSONError) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek() else { throw failure(.unexpectedEnd) }
      guard let digit = UTF8Text.hexDigit(byte) else { throw failure(.invalidEscape) }
      unit = unit << 4 | digit
      position += 1
    }
    return unit
  }

  /// Reads a number (RFC 8259 §6) and adds it to the text as it is written.
  mutating func scanNumber() throws(JSONError) {
    let start = position
    if peek() == UInt8(ascii: "-") { position += 1 }
    let isZero = peek() == UInt8(ascii: "0")
    let integerDigits = scanDigits()
    guard integerDigits > 0, !isZero || integerDigits == 1 else {
      throw failure(.invalidNumber, at: start)
    }
    if peek() == UInt8(ascii: ".") {
      position += 1
      guard scanDigits() > 0 else { throw failure(.invalidNumber, at: start) }
    }
    if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
      position += 1
      if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
      let exponent = position
      guard scanDigits() > 0 else { throw failure(.invalidNumber, at: start) }
      let digits = bytes[exponent..<position].drop { $0 == UInt8(ascii: "0") }
      guard digits.count <= JSONNumber.maxExponentDigits else {
        throw failure(.numberOutOfRange, at: start)
      }
    }
    keep(from: start)
  }

  private mutating func scanDigits() -> Int {
    let start = position
    while let byte = peek(), UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
    return position - start
  }
}
