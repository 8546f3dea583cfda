extension JSONParser {
  /// Reads a string (RFC 8259 §7) from its opening quote, and adds what it stands for to the text:
  /// well-formed UTF-8 in any case.
  /// - Returns: where it ends.
  static func scanString(
    at start: Int, _ bytes: Span<UInt8>, _ text: inout OutputSpan<UInt8>
  ) throws(Fault) -> Int {
    var at = start + 1
    while at < bytes.count {
      let byte = bytes[at]
      switch byte {
      case UInt8(ascii: "\""): return at + 1
      case UInt8(ascii: "\\"): at = try scanEscape(at, bytes, &text)
      case 0..<0x20: throw Fault(reason: .controlCharacter, offset: at)
      case 0x20..<0x80:
        text.append(byte)
        at += 1
      default:
        guard let length = UTF8Text.sequenceLength(at: at, in: bytes) else {
          throw Fault(reason: .invalidUTF8, offset: at)
        }
        for index in at..<at + length { text.append(bytes[index]) }
        at += length
      }
    }
    throw Fault(reason: .unexpectedEnd, offset: at)
  }

  /// - Returns: where the escape ends.
  private static func scanEscape(
    _ start: Int, _ bytes: Span<UInt8>, _ text: inout OutputSpan<UInt8>
  ) throws(Fault) -> Int {
    var at = start + 1
    guard at < bytes.count else { throw Fault(reason: .unexpectedEnd, offset: at) }
    let letter = bytes[at]
    at += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      let unit = try scanCodeUnit(&at, bytes)
      guard 0xd800...0xdfff ~= unit else {
        UTF8Text.append(unit, to: &text)
        return at
      }
      for expected in [UInt8(ascii: "\\"), UInt8(ascii: "u")] {
        guard unit < 0xdc00, at < bytes.count, bytes[at] == expected else {
          throw Fault(reason: .loneSurrogate, offset: start)
        }
        at += 1
      }
      let low = try scanCodeUnit(&at, bytes)
      guard 0xdc00...0xdfff ~= low else { throw Fault(reason: .loneSurrogate, offset: start) }
      UTF8Text.append(0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00), to: &text)
    default: throw Fault(reason: .invalidEscape, offset: start)
    }
    return at
  }

  /// Reads the four digits after `\u`.
  private static func scanCodeUnit(_ at: inout Int, _ bytes: Span<UInt8>) throws(Fault) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard at < bytes.count else { throw Fault(reason: .unexpectedEnd, offset: at) }
      guard let digit = UTF8Text.hexDigit(bytes[at]) else {
        throw Fault(reason: .invalidEscape, offset: at)
      }
      unit = unit << 4 | digit
      at += 1
    }
    return unit
  }

  static let null = Array("null".utf8)
  static let `true` = Array("true".utf8)
  static let `false` = Array("false".utf8)

  /// Reads one of the three words (RFC 8259 §3).
  /// - Returns: where it ends.
  static func scanWord(
    _ word: [UInt8], at start: Int, _ bytes: Span<UInt8>
  ) throws(Fault) -> Int {
    var at = start
    for expected in word {
      guard at < bytes.count, bytes[at] == expected else { throw unexpected(at: at, bytes) }
      at += 1
    }
    return at
  }

  /// Reads a number (RFC 8259 §6).
  /// - Returns: where it ends.
  @inline(always)
  static func scanNumber(at start: Int, _ bytes: Span<UInt8>) throws(Fault) -> Int {
    var at = start
    if bytes[at] == UInt8(ascii: "-") { at += 1 }
    let integer = at
    skipDigits(&at, bytes)
    guard at > integer, bytes[integer] != UInt8(ascii: "0") || at == integer + 1 else {
      throw Fault(reason: .invalidNumber, offset: start)
    }
    // Most numbers end here: in front of a comma, which is less than a point, or of an end.
    guard at < bytes.count, bytes[at] >= UInt8(ascii: ".") else { return at }
    if bytes[at] == UInt8(ascii: ".") {
      at += 1
      let fraction = at
      skipDigits(&at, bytes)
      guard at > fraction else { throw Fault(reason: .invalidNumber, offset: start) }
    }
    guard at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") else { return at }
    at += 1
    if at < bytes.count, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") {
      at += 1
    }
    var exponent = at
    skipDigits(&at, bytes)
    guard at > exponent else { throw Fault(reason: .invalidNumber, offset: start) }
    while exponent < at, bytes[exponent] == UInt8(ascii: "0") { exponent += 1 }
    guard at - exponent <= JSONNumber.maxExponentDigits else {
      throw Fault(reason: .numberOutOfRange, offset: start)
    }
    return at
  }

  @inline(always)
  private static func skipDigits(_ at: inout Int, _ bytes: Span<UInt8>) {
    while at < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[at] { at += 1 }
  }
}
