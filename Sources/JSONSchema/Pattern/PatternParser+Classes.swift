/// What an escape stands for.
enum PatternEscape {
  case scalar(UInt32)
  case ranges([ClosedRange<UInt32>])
  case property(ScalarProperty)
}

extension PatternParser {
  /// Reads `[…]`, its bracket being next.
  mutating func characterClass() throws(PatternError) -> ScalarSet {
    let start = position
    position += 1
    let isNegated = take("^")
    var ranges: [ClosedRange<UInt32>] = []
    var properties: [ScalarProperty] = []
    while !take("]") {
      guard peek() != nil else { throw failure(.unterminatedClass, at: start) }
      let place = position
      let first = try classMember()
      let isRange = take("-")
      if isRange, let next = peek(), next != "]" {
        guard case .scalar(let low) = first, case .scalar(let high) = try classMember() else {
          throw failure(.classInRange, at: place)
        }
        guard low <= high else { throw failure(.reversedRange, at: place) }
        ranges.append(low...high)
        continue
      }
      switch first {
      case .scalar(let scalar): ranges.append(scalar...scalar)
      case .ranges(let more): ranges.append(contentsOf: more)
      case .property(let property): properties.append(property)
      }
      // A hyphen at the end of a class is one.
      if isRange { ranges.append(0x2d...0x2d) }
    }
    return ScalarSet(ranges, properties: properties, isNegated: isNegated)
  }

  private mutating func classMember() throws(PatternError) -> PatternEscape {
    guard let next = peek() else { throw failure(.unterminatedClass) }
    if next == "\\" { return try escape(inClass: true) }
    position += 1
    return .scalar(next.value)
  }

  /// Reads an escape, its backslash being next.
  mutating func escape(inClass: Bool) throws(PatternError) -> PatternEscape {
    let start = position
    position += 1
    guard let letter = peek() else { throw failure(.invalidEscape, at: start) }
    position += 1
    switch letter {
    case "d": return .ranges(ScalarSet.digits)
    case "D": return .ranges(ScalarSet.complement(ScalarSet.digits))
    case "w": return .ranges(ScalarSet.wordCharacters)
    case "W": return .ranges(ScalarSet.complement(ScalarSet.wordCharacters))
    case "s": return .ranges(ScalarSet.spaces)
    case "S": return .ranges(ScalarSet.complement(ScalarSet.spaces))
    case "t": return .scalar(0x09)
    case "n": return .scalar(0x0a)
    case "v": return .scalar(0x0b)
    case "f": return .scalar(0x0c)
    case "r": return .scalar(0x0d)
    case "b" where inClass: return .scalar(0x08)
    case "c":
      guard let control = peek(), ("a"..."z").contains(control) || ("A"..."Z").contains(control)
      else { throw failure(.invalidEscape, at: start) }
      position += 1
      return .scalar(control.value & 0x1f)
    case "x":
      guard let value = hexadecimal(digits: 2) else { throw failure(.invalidEscape, at: start) }
      return .scalar(value)
    case "u": return .scalar(try unicodeEscape(from: start))
    case "p", "P": return .property(try property(isNegated: letter == "P", from: start))
    case "k" where !inClass: throw failure(.unsupported(.backreference), at: start)
    case "0":
      if let digit = peek(), ("0"..."9").contains(digit) {
        throw failure(.invalidEscape, at: start)
      }
      return .scalar(0)
    case "1"..."9":
      throw failure(inClass ? .invalidEscape : .unsupported(.backreference), at: start)
    case "a"..."z", "A"..."Z": throw failure(.invalidEscape, at: start)
    default:
      guard letter.isASCII else { throw failure(.invalidEscape, at: start) }
      return .scalar(letter.value)
    }
  }

  /// `\u0041`, `\ud83d\ude00` or `\u{1f600}`. Half a pair is refused: no text holds one.
  private mutating func unicodeEscape(from start: Int) throws(PatternError) -> UInt32 {
    var value: UInt32 = 0
    if take("{") {
      let first = position
      while let digit = peek(), digit.isASCII, let bits = UTF8Text.hexDigit(UInt8(digit.value)) {
        value = min(value << 4 | bits, 0x110000)
        position += 1
      }
      guard position > first, take("}") else { throw failure(.invalidEscape, at: start) }
    } else {
      guard let unit = hexadecimal(digits: 4) else { throw failure(.invalidEscape, at: start) }
      value = unit
      if 0xd800..<0xdc00 ~= unit, take("\\u"), let low = hexadecimal(digits: 4),
        0xdc00..<0xe000 ~= low
      {
        value = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)
      }
    }
    guard let scalar = Unicode.Scalar(value) else { throw failure(.invalidEscape, at: start) }
    return scalar.value
  }

  private mutating func hexadecimal(digits: Int) -> UInt32? {
    var value: UInt32 = 0
    for _ in 0..<digits {
      guard let digit = peek(), digit.isASCII, let bits = UTF8Text.hexDigit(UInt8(digit.value))
      else { return nil }
      value = value << 4 | bits
      position += 1
    }
    return value
  }

  private mutating func property(
    isNegated: Bool, from start: Int
  ) throws(PatternError) -> ScalarProperty {
    guard take("{") else { throw failure(.invalidEscape, at: start) }
    var name = ""
    while let next = peek(), next != "}" {
      name.unicodeScalars.append(next)
      position += 1
    }
    guard take("}") else { throw failure(.invalidEscape, at: start) }
    guard let property = ScalarProperty(name, isNegated: isNegated) else {
      throw failure(.unsupported(.property), at: start)
    }
    return property
  }
}
