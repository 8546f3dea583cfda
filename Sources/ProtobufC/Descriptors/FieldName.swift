/// The two spellings of a field's name: snake_case as in the proto file, lowerCamelCase as in JSON.
enum FieldName {
  /// Whether `key` is `name` in either spelling.
  static func matches(_ name: UnsafePointer<CChar>, _ key: Span<UInt8>) -> Bool {
    unsafe CText.equals(name, key) || matchesCamelCase(name, key)
  }

  private static func matchesCamelCase(_ name: UnsafePointer<CChar>, _ key: Span<UInt8>) -> Bool {
    var position = 0
    var raises = false
    var index = 0
    while case let byte = unsafe UInt8(bitPattern: name[index]), byte != 0 {
      index += 1
      if byte == UInt8(ascii: "_") {
        raises = true
        continue
      }
      guard position < key.count, key[position] == (raises ? uppercased(byte) : byte) else {
        return false
      }
      raises = false
      position += 1
    }
    return position == key.count
  }

  /// The JSON spelling: each underscore removed and the letter after it raised (protobuf.dev,
  /// "ProtoJSON Format").
  static func camelCase(_ name: some Sequence<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var raises = false
    for byte in name {
      if byte == UInt8(ascii: "_") {
        raises = true
      } else {
        result.append(raises ? uppercased(byte) : byte)
        raises = false
      }
    }
    return result
  }

  private static func uppercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte - 32 : byte
  }
}
