import ProtobufC

/// Bytes written as hexadecimal, spaces between them as one likes.
func hex(_ text: String) -> [UInt8] {
  var digits = text.filter { $0 != " " }[...]
  var bytes: [UInt8] = []
  while digits.count >= 2 {
    bytes.append(UInt8(digits.prefix(2), radix: 16) ?? 0)
    digits = digits.dropFirst(2)
  }
  return bytes
}

/// A varint of the wire format.
func varint(_ value: UInt64) -> [UInt8] {
  var rest = value
  var bytes: [UInt8] = []
  while rest >= 0x80 {
    bytes.append(UInt8(rest & 0x7F) | 0x80)
    rest >>= 7
  }
  return bytes + [UInt8(rest)]
}

/// A length-delimited field of the wire format.
func field(_ number: Int, _ value: [UInt8]) -> [UInt8] {
  varint(UInt64(number) << 3 | 2) + varint(UInt64(value.count)) + value
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// The one violation with which `body` fails.
func violation(_ body: () throws(MessageError) -> some Any) -> FieldViolation? {
  do {
    _ = try body()
    return nil
  } catch {
    return error.violations.first
  }
}
