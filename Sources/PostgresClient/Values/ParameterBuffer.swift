import FoundationEssentials

/// The parameters of one statement in the form libpq takes them: every value's bytes in one buffer, with
/// offsets, lengths and formats. Kept by a connection and filled anew for each statement.
struct ParameterBuffer {
  private(set) var bytes: [UInt8] = []
  /// Where each value begins in ``bytes``; -1 for null.
  private(set) var offsets: [Int] = []
  private(set) var lengths: [Int32] = []
  /// 0 text, 1 binary.
  private(set) var formats: [Int32] = []

  /// Encodes `values`, in binary where `types` (as the server told them; shorter or empty when it has not
  /// yet) say so.
  mutating func fill(_ values: [SQLValue], types: [TypeOID]) {
    bytes.removeAll(keepingCapacity: true)
    offsets.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
    formats.removeAll(keepingCapacity: true)
    for index in values.indices {
      append(values[index], type: index < types.count ? types[index] : .unknown)
    }
  }

  /// The one text parameter that sets the tenant: the id, or nothing for no tenant.
  mutating func fill(tenant: UUID?) {
    fill([tenant.map { SQLValue.uuid($0) } ?? .text("")], types: [])
  }

  private mutating func append(_ value: SQLValue, type: TypeOID) {
    if case .null = value {
      offsets.append(-1)
      lengths.append(0)
      formats.append(0)
      return
    }
    let start = bytes.count
    let isBinary = appendBinary(value, type: type)
    if !isBinary { appendText(value) }
    offsets.append(start)
    // A value longer than 2 GiB does not pass the server's own limit of 1 GiB; clamped, it is refused there.
    lengths.append(Int32(clamping: bytes.count - start))
    formats.append(isBinary ? 1 : 0)
    // libpq reads text up to its NUL.
    bytes.append(0)
  }

  /// - Returns: false, with nothing appended, where the type does not take this value in binary.
  private mutating func appendBinary(_ value: SQLValue, type: TypeOID) -> Bool {
    switch (value, type) {
    case (.int(let number), .int8):
      append(bigEndian: number)
    case (.int(let number), .int4):
      guard let narrow = Int32(exactly: number) else { return false }
      append(bigEndian: narrow)
    case (.int(let number), .int2):
      guard let narrow = Int16(exactly: number) else { return false }
      append(bigEndian: narrow)
    case (.bool(let flag), .bool):
      bytes.append(flag ? 1 : 0)
    case (.double(let number), .float8):
      append(bigEndian: number.bitPattern)
    case (.bytes(let value), .bytea):
      bytes.append(contentsOf: value)
    case (.uuid(let uuid), .uuid):
      append(uuid)
    case (.timestamp(let unix), .timestamptz):
      let (value, overflow) = unix.subtractingReportingOverflow(BinaryValue.epochOffset)
      // The two ends of the range mean the infinities.
      guard !overflow, value != .max, value != .min else { return false }
      append(bigEndian: value)
    case (.uuidArray(let uuids), .uuidArray):
      appendArrayHeader(count: uuids.count, element: .uuid)
      for uuid in uuids {
        append(bigEndian: Int32(16))
        append(uuid)
      }
    case (.intArray(let numbers), .int8Array):
      appendArrayHeader(count: numbers.count, element: .int8)
      for number in numbers {
        append(bigEndian: Int32(8))
        append(bigEndian: number)
      }
    case (.bytesArray(let values), .byteaArray):
      appendArrayHeader(count: values.count, element: .bytea)
      for value in values {
        append(bigEndian: Int32(clamping: value.count))
        bytes.append(contentsOf: value)
      }
    default:
      return false
    }
    return true
  }

  private mutating func appendArrayHeader(count: Int, element: TypeOID) {
    append(bigEndian: Int32(count == 0 ? 0 : 1))
    append(bigEndian: Int32(0))
    append(bigEndian: element.rawValue)
    guard count > 0 else { return }
    append(bigEndian: Int32(clamping: count))
    append(bigEndian: Int32(1))
  }

  private mutating func append(bigEndian value: some FixedWidthInteger) {
    var shift = value.bitWidth
    while shift > 0 {
      shift -= 8
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  private mutating func append(_ uuid: UUID) {
    unsafe withUnsafeBytes(of: uuid.uuid) { unsafe bytes.append(contentsOf: $0) }
  }

  private mutating func appendText(_ value: SQLValue) {
    switch value {
    case .null: break
    case .text(let text): bytes.append(contentsOf: text.utf8)
    case .int(let number): bytes.append(contentsOf: String(number).utf8)
    case .bool(let flag): bytes.append(UInt8(ascii: flag ? "t" : "f"))
    case .double(let number): bytes.append(contentsOf: Self.text(of: number).utf8)
    case .bytes(let value): appendHex(value)
    case .uuid(let uuid): appendText(of: uuid)
    case .timestamp(let unix):
      bytes.append(contentsOf: TimestampText(unixMicroseconds: unix).text.utf8)
    case .json(let json): bytes.append(contentsOf: json)
    case .textArray(let texts): appendArrayText(texts) { $0.appendQuoted($1) }
    case .intArray(let numbers):
      appendArrayText(numbers) { $0.bytes.append(contentsOf: String($1).utf8) }
    case .uuidArray(let uuids):
      appendArrayText(uuids) { $0.appendText(of: $1) }
    case .bytesArray(let values):
      appendArrayText(values) { buffer, value in
        // In an array's text the backslash of \x is itself escaped.
        buffer.bytes.append(UInt8(ascii: "\\"))
        buffer.appendHex(value)
      }
    }
  }

  private static func text(of number: Double) -> String {
    if number.isNaN { return "NaN" }
    if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
    return String(number)
  }

  private mutating func appendText(of uuid: UUID) {
    unsafe withUnsafeBytes(of: uuid.uuid) { octets in
      for index in 0..<16 {
        if index == 4 || index == 6 || index == 8 || index == 10 { bytes.append(UInt8(ascii: "-")) }
        appendDigits(unsafe octets[index])
      }
    }
  }

  private mutating func appendHex(_ value: [UInt8]) {
    bytes.append(UInt8(ascii: "\\"))
    bytes.append(UInt8(ascii: "x"))
    for byte in value { appendDigits(byte) }
  }

  private mutating func appendDigits(_ value: UInt8) {
    bytes.append(Self.digit(value >> 4))
    bytes.append(Self.digit(value & 15))
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
  }

  private mutating func appendArrayText<Element>(
    _ elements: [Element], _ append: (inout Self, Element) -> Void
  ) {
    bytes.append(UInt8(ascii: "{"))
    for index in elements.indices {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      append(&self, elements[index])
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private mutating func appendQuoted(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        bytes.append(UInt8(ascii: "\\"))
      }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
