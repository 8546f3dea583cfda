internal import CIntegrationProto
internal import CProtobufC

/// Writes C messages as proto3 JSON (protobuf.dev, "ProtoJSON Format"), fields in the order of their
/// numbers.
struct JSONWriter {
  /// As deep as a message may be that is read; what an `Any` holds counts.
  private static let maxDepth = DecodingLimits.response.maxDepth

  private(set) var text: [UInt8] = []
  private let options: JSONOptions
  private var indentation = 0

  init(_ options: JSONOptions) { self.options = options }

  /// - Parameter depth: How many messages hold this one, those of an `Any` included.
  mutating func write(
    _ message: UnsafePointer<ProtobufCMessage>, depth: Int
  ) throws(MessageError) {
    guard let pointer = unsafe message.pointee.descriptor else {
      throw MessageError("has no type")
    }
    guard depth <= Self.maxDepth else {
      throw MessageError(WireFault.tooDeep(limit: Self.maxDepth).description)
    }
    let descriptor = unsafe MessageDescriptor(pointer)
    switch WellKnownType(descriptor) {
    case .timestamp:
      try unsafe writeTimestamp(cast(message, to: Google__Protobuf__Timestamp.self))
    case .duration: try unsafe writeDuration(cast(message, to: Google__Protobuf__Duration.self))
    case .fieldMask: try unsafe writeFieldMask(cast(message, to: Google__Protobuf__FieldMask.self))
    case .any: try unsafe writeAny(cast(message, to: Google__Protobuf__Any.self), depth: depth)
    case nil:
      var isFirst = true
      begin("{")
      try unsafe writeFields(message, descriptor, depth: depth, isFirst: &isFirst)
      end("}", isEmpty: isFirst)
    }
  }

  private func cast<T>(
    _ message: UnsafePointer<ProtobufCMessage>, to: T.Type
  ) -> UnsafePointer<T> {
    unsafe UnsafeRawPointer(message).assumingMemoryBound(to: T.self)
  }

  private mutating func writeFields(
    _ message: UnsafePointer<ProtobufCMessage>, _ descriptor: MessageDescriptor, depth: Int,
    isFirst: inout Bool
  ) throws(MessageError) {
    let memory = unsafe UnsafeRawPointer(message)
    for index in 0..<descriptor.fieldCount {
      let pointer = unsafe descriptor.fieldPointer(index)
      let field = unsafe FieldDescriptor(pointer)
      guard unsafe isWritten(pointer, memory) else { continue }
      separate(&isFirst)
      key(options.usesProtoNames ? field.name : field.jsonName)
      do throws(MessageError) {
        if field.isRepeated {
          try unsafe writeElements(pointer, memory, depth: depth)
        } else {
          try unsafe writeValue(memory + Int(pointer.pointee.offset), pointer, depth: depth)
        }
      } catch {
        throw error.within(field.name)
      }
    }
  }

  private func isWritten(
    _ field: UnsafePointer<ProtobufCFieldDescriptor>, _ memory: UnsafeRawPointer
  ) -> Bool {
    let quantifier = unsafe memory + Int(field.pointee.quantifier_offset)
    let member = unsafe memory + Int(field.pointee.offset)
    if unsafe field.pointee.isRepeated {
      return unsafe options.includesDefaults || quantifier.load(as: Int.self) > 0
    }
    let type = unsafe field.pointee.type
    if unsafe field.pointee.isOneofMember {
      guard unsafe quantifier.load(as: UInt32.self) == field.pointee.id else { return false }
      return unsafe type != PROTOBUF_C_TYPE_MESSAGE
        || member.load(as: UnsafeRawPointer?.self) != nil
    }
    if type == PROTOBUF_C_TYPE_MESSAGE {
      return unsafe member.load(as: UnsafeRawPointer?.self) != nil
    }
    if options.includesDefaults { return true }
    switch type {
    case PROTOBUF_C_TYPE_STRING:
      guard let text = unsafe member.load(as: UnsafePointer<CChar>?.self) else { return false }
      return unsafe text.pointee != 0
    // The length of bytes comes first.
    case PROTOBUF_C_TYPE_BYTES: return unsafe member.load(as: Int.self) != 0
    default:
      return unsafe field.pointee.elementSize == 8
        ? member.load(as: UInt64.self) != 0 : member.load(as: UInt32.self) != 0
    }
  }

  private mutating func writeElements(
    _ field: UnsafePointer<ProtobufCFieldDescriptor>, _ memory: UnsafeRawPointer, depth: Int
  ) throws(MessageError) {
    let count = unsafe memory.load(
      fromByteOffset: Int(field.pointee.quantifier_offset), as: Int.self)
    let array = unsafe memory.load(
      fromByteOffset: Int(field.pointee.offset), as: UnsafeRawPointer?.self)
    let size = unsafe field.pointee.elementSize
    var isFirst = true
    begin("[")
    if let array = unsafe array {
      for index in 0..<count {
        separate(&isFirst)
        do throws(MessageError) {
          try unsafe writeValue(array + index * size, field, depth: depth)
        } catch {
          throw error.within("[\(index)]")
        }
      }
    }
    end("]", isEmpty: isFirst)
  }

  private mutating func writeValue(
    _ value: UnsafeRawPointer, _ field: UnsafePointer<ProtobufCFieldDescriptor>, depth: Int
  ) throws(MessageError) {
    switch unsafe field.pointee.type {
    case PROTOBUF_C_TYPE_MESSAGE:
      guard let message = unsafe value.load(as: UnsafePointer<ProtobufCMessage>?.self) else {
        throw MessageError("is missing")
      }
      try unsafe write(message, depth: depth + 1)
    case PROTOBUF_C_TYPE_STRING:
      string(
        unsafe value.load(as: UnsafePointer<CChar>?.self).map { unsafe String(cString: $0) } ?? "")
    case PROTOBUF_C_TYPE_BYTES:
      let data = unsafe value.load(as: ProtobufCBinaryData.self)
      text.append(UInt8(ascii: "\""))
      unsafe Base64.append(
        UnsafeBufferPointer(start: data.data, count: data.data == nil ? 0 : data.len), to: &text)
      text.append(UInt8(ascii: "\""))
    case PROTOBUF_C_TYPE_ENUM:
      let number = unsafe value.load(as: Int32.self)
      if let name = unsafe field.pointee.enumeration.name(of: number) {
        string(name)
      } else {
        literal(String(number))
      }
    default: unsafe writeScalar(value, unsafe field.pointee.type)
    }
  }

  private mutating func writeScalar(_ value: UnsafeRawPointer, _ type: ProtobufCType) {
    switch type {
    case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_SFIXED32:
      literal(String(unsafe value.load(as: Int32.self)))
    case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32:
      literal(String(unsafe value.load(as: UInt32.self)))
    // 64 bits in quotes: JavaScript's numbers hold 53.
    case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64:
      string(String(unsafe value.load(as: Int64.self)))
    case PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64:
      string(String(unsafe value.load(as: UInt64.self)))
    case PROTOBUF_C_TYPE_FLOAT: floating(unsafe value.load(as: Float.self))
    case PROTOBUF_C_TYPE_DOUBLE: floating(unsafe value.load(as: Double.self))
    default: literal(unsafe value.load(as: protobuf_c_boolean.self) != 0 ? "true" : "false")
    }
  }

  private mutating func floating(_ value: some BinaryFloatingPoint & CustomStringConvertible) {
    if value.isNaN {
      string("NaN")
    } else if value.isInfinite {
      string(value < 0 ? "-Infinity" : "Infinity")
    } else {
      let description = value.description
      literal(description.hasSuffix(".0") ? String(description.dropLast(2)) : description)
    }
  }

  private mutating func writeTimestamp(
    _ value: UnsafePointer<Google__Protobuf__Timestamp>
  ) throws(MessageError) {
    text.append(UInt8(ascii: "\""))
    guard
      unsafe CivilTime.append(
        seconds: value.pointee.seconds, nanos: value.pointee.nanos, to: &text)
    else { throw MessageError("is outside the years 1 to 9999") }
    text.append(UInt8(ascii: "\""))
  }

  private mutating func writeDuration(
    _ value: UnsafePointer<Google__Protobuf__Duration>
  ) throws(MessageError) {
    text.append(UInt8(ascii: "\""))
    guard
      unsafe SpanOfTime.append(
        seconds: value.pointee.seconds, nanos: value.pointee.nanos, to: &text)
    else { throw MessageError("is longer than \(SpanOfTime.maxSeconds)s or of two signs") }
    text.append(UInt8(ascii: "\""))
  }

  private mutating func writeFieldMask(
    _ value: UnsafePointer<Google__Protobuf__FieldMask>
  ) throws(MessageError) {
    text.append(UInt8(ascii: "\""))
    for index in 0..<(unsafe value.pointee.n_paths) {
      if index > 0 { text.append(UInt8(ascii: ",")) }
      guard let path = unsafe value.pointee.paths[index],
        case let bytes = unsafe Array(String(cString: path).utf8),
        let name = FieldPaths.camelCase(bytes.span)
      else {
        throw MessageError("is not a snake_case path that JSON can carry").within("paths[\(index)]")
      }
      text.append(contentsOf: name)
    }
    text.append(UInt8(ascii: "\""))
  }

  private mutating func writeAny(
    _ value: UnsafePointer<Google__Protobuf__Any>, depth: Int
  ) throws(MessageError) {
    let url = unsafe value.pointee.type_url.map { unsafe String(cString: $0) } ?? ""
    let data = unsafe value.pointee.value
    if url.isEmpty, unsafe data.len == 0 { return literal("{}") }
    guard let descriptor = DescriptorRegistry.message(typeURL: url) else {
      throw MessageError("names no known message").within("type_url")
    }
    let bytes = unsafe UnsafeBufferPointer<UInt8>(
      start: data.data, count: data.data == nil ? 0 : data.len)
    do throws(MessageError) {
      let inner = try unsafe UnpackedMessage(bytes.span, descriptor, .response)
      try unsafe inner.withMessage { message throws(MessageError) in
        try unsafe writeAny(url, message, descriptor, depth: depth + 1)
      }
    } catch {
      throw error.within("value")
    }
  }

  private mutating func writeAny(
    _ url: String, _ message: UnsafePointer<ProtobufCMessage>, _ descriptor: MessageDescriptor,
    depth: Int
  ) throws(MessageError) {
    var isFirst = true
    begin("{")
    separate(&isFirst)
    key("@type")
    string(url)
    if WellKnownType(descriptor) != nil {
      separate(&isFirst)
      key("value")
      try unsafe write(message, depth: depth)
    } else {
      try unsafe writeFields(message, descriptor, depth: depth, isFirst: &isFirst)
    }
    end("}", isEmpty: false)
  }
}

// MARK: Marks and words

extension JSONWriter {
  private mutating func begin(_ mark: Unicode.Scalar) {
    text.append(UInt8(ascii: mark))
    indentation += 1
  }

  private mutating func end(_ mark: Unicode.Scalar, isEmpty: Bool) {
    indentation -= 1
    if !isEmpty { breakLine() }
    text.append(UInt8(ascii: mark))
  }

  private mutating func separate(_ isFirst: inout Bool) {
    if !isFirst { text.append(UInt8(ascii: ",")) }
    isFirst = false
    breakLine()
  }

  private mutating func breakLine() {
    guard options.isPretty else { return }
    text.append(UInt8(ascii: "\n"))
    text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * indentation))
  }

  private mutating func key(_ name: String) {
    string(name)
    text.append(UInt8(ascii: ":"))
    if options.isPretty { text.append(UInt8(ascii: " ")) }
  }

  private mutating func literal(_ word: String) { text.append(contentsOf: word.utf8) }

  private mutating func string(_ value: String) {
    text.append(UInt8(ascii: "\""))
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        text.append(UInt8(ascii: "\\"))
        text.append(byte)
      case UInt8(ascii: "\n"): literal("\\n")
      case UInt8(ascii: "\r"): literal("\\r")
      case UInt8(ascii: "\t"): literal("\\t")
      case 0..<0x20:
        let digits = String(byte, radix: 16)
        literal("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
  }
}
