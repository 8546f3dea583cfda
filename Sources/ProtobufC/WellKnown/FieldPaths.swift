/// The JSON text of `google.protobuf.FieldMask`: lowerCamelCase paths joined with commas.
enum FieldPaths {
  /// The snake_case spelling of a path, nil when no such path is spelled so.
  static func snakeCase(_ path: Span<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    var isAtStart = true
    for index in 0..<path.count {
      let byte = path[index]
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"):
        guard !isAtStart else { return nil }
        result.append(UInt8(ascii: "_"))
        result.append(byte + 32)
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        result.append(byte)
      case UInt8(ascii: "."):
        guard !isAtStart else { return nil }
        result.append(byte)
      default: return nil
      }
      isAtStart = byte == UInt8(ascii: ".")
    }
    return isAtStart ? nil : result
  }

  /// The lowerCamelCase spelling of a path, nil when it would not be read back as the same path.
  static func camelCase(_ path: Span<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    var raises = false
    for index in 0..<path.count {
      let byte = path[index]
      if raises {
        guard (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) else { return nil }
        result.append(byte - 32)
        raises = false
      } else if byte == UInt8(ascii: "_") {
        raises = true
      } else {
        result.append(byte)
      }
    }
    guard !raises, let back = snakeCase(result.span), back.count == path.count else { return nil }
    for index in 0..<path.count where back[index] != path[index] { return nil }
    return result
  }
}
