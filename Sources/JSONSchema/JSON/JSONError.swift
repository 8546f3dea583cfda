/// Why a text is not accepted as JSON, and where.
package struct JSONError: Error, Sendable, Equatable {
  package enum Reason: Sendable, Equatable {
    case tooLarge(maxBytes: Int)
    case tooDeep(maxDepth: Int)
    case unexpectedEnd
    case unexpectedByte(UInt8)
    case trailingBytes
    /// Not RFC 8259 §6: a leading zero, a bare point or sign, no digits in the exponent.
    case invalidNumber
    /// A number whose exponent is beyond ``JSONNumber/maxExponent``.
    case numberOutOfRange
    case invalidUTF8
    /// A control character in a string that is not escaped.
    case controlCharacter
    case invalidEscape
    /// Half of a surrogate pair (`\ud800`), which is no character.
    case loneSurrogate
    case duplicateKey
  }

  package let reason: Reason
  /// The byte at which it shows, from 0.
  package let offset: Int
  /// The value being read; for a duplicate key, the member that comes second.
  package let pointer: JSONPointer
}

extension JSONError: CustomStringConvertible {
  /// Completes "is not acceptable JSON: ".
  package var description: String {
    let place = pointer.text.isEmpty ? "byte \(offset)" : "byte \(offset), at \(pointer)"
    return "\(reason) (\(place))"
  }
}

extension JSONError.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tooLarge(let maxBytes): "it is larger than \(maxBytes) bytes"
    case .tooDeep(let maxDepth): "it is nested deeper than \(maxDepth) levels"
    case .unexpectedEnd: "it ends too early"
    case .unexpectedByte(let byte): "the byte 0x\(String(byte, radix: 16)) is not expected"
    case .trailingBytes: "something follows the value"
    case .invalidNumber: "a number is malformed"
    case .numberOutOfRange: "a number's exponent is beyond \(JSONNumber.maxExponent)"
    case .invalidUTF8: "it is not UTF-8"
    case .controlCharacter: "a string holds a control character"
    case .invalidEscape: "a string holds an unknown escape"
    case .loneSurrogate: "a string holds half of a surrogate pair"
    case .duplicateKey: "an object has the same key twice"
    }
  }
}
