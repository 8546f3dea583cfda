internal import CProtobufC

extension JSONReader {
  /// The name that says what an `Any` holds.
  static var typeKey: UnsafePointer<CChar> {
    let key: StaticString = "@type"
    return unsafe UnsafeRawPointer(key.utf8Start).assumingMemoryBound(to: CChar.self)
  }

  mutating func allocate(_ size: Int) throws(MessageError) -> UnsafeMutableRawPointer {
    guard let memory = unsafe arena.pointee.allocate(size) else { throw .outOfMemory }
    return unsafe memory
  }

  /// As many flags, all false.
  mutating func makeFlags(_ count: Int) throws(MessageError) -> UnsafeMutablePointer<Bool> {
    let flags = try unsafe allocate(count).bindMemory(to: Bool.self, capacity: count)
    unsafe flags.initialize(repeating: false, count: count)
    return unsafe flags
  }

  /// A string, decoded, in memory of the arena with a NUL behind it that is not counted.
  mutating func string() throws(MessageError) -> UnsafeMutableBufferPointer<UInt8> {
    guard scanner.peek() == UInt8(ascii: "\"") else { throw MessageError("must be a JSON string") }
    let text = try scanner.string()
    let target = try unsafe allocate(text.count + 1).bindMemory(
      to: UInt8.self, capacity: text.count + 1)
    guard let length = unsafe text.decode(to: target) else {
      throw scanner.fault("an escape in a string, or one that stands for NUL")
    }
    unsafe target[length] = 0
    return unsafe UnsafeMutableBufferPointer(start: target, count: length)
  }

  /// The text of a number that may stand in quotes.
  private mutating func numberText() throws(MessageError) -> UnsafeBufferPointer<UInt8> {
    guard scanner.peek() == UInt8(ascii: "\"") else {
      guard scanner.peek() == UInt8(ascii: "-") || scanner.peek() &- 48 < 10 else {
        throw MessageError("must be a JSON number, or one in quotes")
      }
      return try unsafe scanner.number()
    }
    return try unsafe UnsafeBufferPointer(string())
  }

  mutating func integer<T: FixedWidthInteger>() throws(MessageError) -> T {
    let text = try unsafe numberText()
    guard unsafe text.count > 0 && JSONNumber.length(text) == text.count,
      let value = unsafe JSONNumber.integer(text, as: T.self)
    else { throw MessageError("must be an integer from \(T.min) to \(T.max)") }
    return value
  }

  mutating func floating<T: LosslessStringConvertible & BinaryFloatingPoint>()
    throws(MessageError) -> T
  {
    let text = try unsafe numberText()
    switch unsafe String(decoding: text, as: UTF8.self) {
    case "NaN": return .nan
    case "Infinity": return .infinity
    case "-Infinity": return -.infinity
    default:
      guard unsafe text.count > 0 && JSONNumber.length(text) == text.count,
        let value = unsafe JSONNumber.floating(text, as: T.self)
      else { throw MessageError("must be a number in the range of \(T.self)") }
      return value
    }
  }

  mutating func boolean() throws(MessageError) -> protobuf_c_boolean {
    if scanner.take(word: "true") { return 1 }
    if scanner.take(word: "false") { return 0 }
    throw MessageError("must be true or false")
  }

  /// An enum value by name or number. Any number will do: proto3 enumerations are open.
  mutating func enumNumber(_ descriptor: EnumDescriptor) throws(MessageError) -> Int32 {
    if scanner.peek() == UInt8(ascii: "\"") {
      let name = try unsafe string()
      guard let number = unsafe descriptor.number(of: UnsafeBufferPointer(name).span) else {
        throw MessageError("must be the name of a \(descriptor.fullName)")
      }
      return number
    }
    guard scanner.peek() == UInt8(ascii: "-") || scanner.peek() &- 48 < 10 else {
      throw MessageError("must be the name or the number of a \(descriptor.fullName)")
    }
    return try integer()
  }
}
