internal import CProtobufC

/// Reads proto3 JSON (protobuf.dev, "ProtoJSON Format") into C messages of the thread's arena.
///
/// Stricter than the format asks: a field given twice, in whichever spelling, is refused, and so is
/// one that the message does not have.
@safe
struct JSONReader: ~Copyable {
  var scanner: JSONScanner
  let arena: UnsafeMutablePointer<Arena>
  private let limits: DecodingLimits
  private var fieldsLeft: Int

  init(
    _ base: UnsafePointer<UInt8>, count: Int, _ arena: UnsafeMutablePointer<Arena>,
    _ limits: DecodingLimits
  ) {
    scanner = unsafe JSONScanner(base, count: count)
    unsafe self.arena = unsafe arena
    self.limits = limits
    fieldsLeft = limits.maxFields
  }

  /// Reads a whole text as one message.
  mutating func readDocument(
    into message: UnsafeMutablePointer<ProtobufCMessage>, _ descriptor: MessageDescriptor
  ) throws(MessageError) {
    try unsafe read(into: message, descriptor, depth: 1)
    try scanner.finish()
  }

  /// Reads a value as a message of that type.
  mutating func read(
    into message: UnsafeMutablePointer<ProtobufCMessage>, _ descriptor: MessageDescriptor,
    depth: Int
  ) throws(MessageError) {
    guard depth <= limits.maxDepth else {
      throw MessageError(WireFault.tooDeep(limit: limits.maxDepth).description)
    }
    switch WellKnownType(descriptor) {
    case .timestamp: try unsafe readTimestamp(into: message)
    case .duration: try unsafe readDuration(into: message)
    case .fieldMask: try unsafe readFieldMask(into: message)
    case .any: try unsafe readAny(into: message, depth: depth)
    case nil: try unsafe readObject(into: message, descriptor, depth: depth, isAny: false)
    }
  }

  /// - Parameter isAny: Whether the object is an `Any`, whose `@type` was read before.
  mutating func readObject(
    into message: UnsafeMutablePointer<ProtobufCMessage>, _ descriptor: MessageDescriptor,
    depth: Int, isAny: Bool
  ) throws(MessageError) {
    let seen = try unsafe makeFlags(descriptor.fieldCount)
    try scanner.enter("{")
    var isFirst = true
    while try scanner.next(until: "}", isFirst: isFirst) {
      isFirst = false
      let key = try unsafe key()
      try scanner.expect(":")
      if isAny, unsafe CText.equals(JSONReader.typeKey, key.span) {
        _ = try scanner.string()
        continue
      }
      guard let index = unsafe descriptor.fieldIndex(named: key.span) else {
        let name = FieldViolation.step(named: unsafe String(decoding: key, as: UTF8.self))
        throw MessageError(
          FieldViolation(field: name, description: "is not a field of \(descriptor.fullName)"))
      }
      let field = unsafe descriptor.fieldPointer(index)
      let name = unsafe FieldDescriptor(field).name
      guard unsafe !seen[index] else {
        throw MessageError(WireFault.occursTwice.description).within(name)
      }
      unsafe seen[index] = true
      do throws(MessageError) {
        try unsafe readField(into: message, field, depth: depth)
      } catch {
        throw error.within(name)
      }
    }
  }

  /// The name of a member, decoded.
  mutating func key() throws(MessageError) -> UnsafeBufferPointer<UInt8> {
    let text = try scanner.string()
    guard let key = unsafe text.decoded(in: arena) else {
      throw unsafe arena.pointee.hasFailed ? .outOfMemory : scanner.fault("an escape in a name")
    }
    return unsafe key
  }

  private mutating func readField(
    into message: UnsafeMutablePointer<ProtobufCMessage>,
    _ field: UnsafePointer<ProtobufCFieldDescriptor>, depth: Int
  ) throws(MessageError) {
    if scanner.take(word: "null") { return }
    let memory = UnsafeMutableRawPointer(message)
    if unsafe field.pointee.isRepeated {
      return try unsafe readElements(into: memory, field, depth: depth)
    }
    if unsafe field.pointee.isOneofMember {
      let chosen = unsafe memory + Int(field.pointee.quantifier_offset)
      guard unsafe chosen.load(as: UInt32.self) == 0 else {
        throw MessageError(WireFault.oneofTwice.description)
      }
      unsafe chosen.storeBytes(of: field.pointee.id, as: UInt32.self)
    }
    try unsafe readValue(to: memory + Int(field.pointee.offset), field, depth: depth)
  }

  private mutating func readElements(
    into message: UnsafeMutableRawPointer, _ field: UnsafePointer<ProtobufCFieldDescriptor>,
    depth: Int
  ) throws(MessageError) {
    let size = unsafe field.pointee.elementSize
    var capacity = 0
    var count = 0
    var array: UnsafeMutableRawPointer?
    guard scanner.peek() == UInt8(ascii: "[") else { throw MessageError("must be a JSON array") }
    try scanner.enter("[")
    while try scanner.next(until: "]", isFirst: count == 0) {
      guard count < limits.maxElements else {
        throw MessageError(
          WireFault.tooManyElements(limit: limits.maxElements).description
        ).within("[\(count)]")
      }
      if count == capacity {
        capacity = max(capacity * 2, 4)
        let larger = try unsafe allocate(capacity * size)
        if let array = unsafe array {
          unsafe larger.copyMemory(from: array, byteCount: count * size)
        }
        unsafe array = unsafe larger
      }
      guard let array = unsafe array else { throw .outOfMemory }
      do throws(MessageError) {
        try unsafe readValue(to: array + count * size, field, depth: depth)
      } catch {
        throw error.within("[\(count)]")
      }
      count += 1
    }
    unsafe message.storeBytes(
      of: array, toByteOffset: Int(field.pointee.offset), as: UnsafeMutableRawPointer?.self)
    unsafe message.storeBytes(
      of: count, toByteOffset: Int(field.pointee.quantifier_offset), as: Int.self)
  }

  /// Reads one value that is not null.
  private mutating func readValue(
    to target: UnsafeMutableRawPointer, _ field: UnsafePointer<ProtobufCFieldDescriptor>,
    depth: Int
  ) throws(MessageError) {
    guard fieldsLeft > 0 else {
      throw MessageError(WireFault.tooManyFields(limit: limits.maxFields).description)
    }
    fieldsLeft -= 1
    switch unsafe field.pointee.type {
    case PROTOBUF_C_TYPE_STRING:
      let text = try unsafe string()
      unsafe target.storeBytes(of: text.baseAddress, as: UnsafeMutablePointer<UInt8>?.self)
    case PROTOBUF_C_TYPE_BYTES:
      let text = try unsafe string()
      guard let length = unsafe Base64.decode(inPlace: text) else {
        throw MessageError("is not valid base64")
      }
      let data = unsafe ProtobufCBinaryData(
        len: length, data: length > 0 ? text.baseAddress : nil)
      unsafe target.storeBytes(of: data, as: ProtobufCBinaryData.self)
    case PROTOBUF_C_TYPE_MESSAGE:
      let descriptor = unsafe field.pointee.message
      guard let message = unsafe arena.pointee.makeMessage(descriptor) else { throw .outOfMemory }
      try unsafe read(into: message, descriptor, depth: depth + 1)
      unsafe target.storeBytes(of: message, as: UnsafeMutablePointer<ProtobufCMessage>?.self)
    case PROTOBUF_C_TYPE_ENUM:
      let number = try enumNumber(unsafe field.pointee.enumeration)
      unsafe target.storeBytes(of: number, as: Int32.self)
    default: try unsafe readScalar(to: target, unsafe field.pointee.type)
    }
  }

  private mutating func readScalar(
    to target: UnsafeMutableRawPointer, _ type: ProtobufCType
  ) throws(MessageError) {
    switch type {
    case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_SFIXED32:
      unsafe target.storeBytes(of: try integer(), as: Int32.self)
    case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32:
      unsafe target.storeBytes(of: try integer(), as: UInt32.self)
    case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64:
      unsafe target.storeBytes(of: try integer(), as: Int64.self)
    case PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64:
      unsafe target.storeBytes(of: try integer(), as: UInt64.self)
    case PROTOBUF_C_TYPE_FLOAT: unsafe target.storeBytes(of: try floating(), as: Float.self)
    case PROTOBUF_C_TYPE_DOUBLE: unsafe target.storeBytes(of: try floating(), as: Double.self)
    default: unsafe target.storeBytes(of: try boolean(), as: protobuf_c_boolean.self)
    }
  }
}
