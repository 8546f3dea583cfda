import CProtobufC

extension Message {
  /// Reads proto3 JSON: lowerCamelCase and snake_case names, 64-bit numbers with or without quotes,
  /// enum values by name or number.
  /// - Throws: ``MessageError`` naming the field or the byte that is wrong; an unknown field and a
  ///   field given twice are wrong.
  public init(jsonUTF8 bytes: [UInt8]) throws(MessageError) {
    let message = try JSONMessage(bytes.span, Self.descriptor, .response)
    try self.init(from: message.reader)
  }

  /// Writes proto3 JSON.
  /// - Throws: ``MessageError`` naming a value that JSON cannot carry: a time out of range, an `Any`
  ///   of an unknown type, a string with a NUL.
  public func jsonUTF8(_ options: JSONOptions = JSONOptions()) throws(MessageError) -> [UInt8] {
    try withPacked { packed throws(MessageError) in try packed.json(options) }
  }
}

extension MessageDescriptor {
  /// The serialized message that a JSON text describes, for types that are known only at run time.
  /// - Throws: As ``Message/init(jsonUTF8:)``.
  public func serialize(jsonUTF8 bytes: [UInt8]) throws(MessageError) -> [UInt8] {
    try JSONMessage(bytes.span, self, .response).serialized()
  }

  /// A serialized message as JSON, for types that are known only at run time.
  /// - Throws: As ``Message/init(serialized:)`` and ``Message/jsonUTF8(_:)``.
  public func jsonUTF8(
    serialized bytes: [UInt8], _ options: JSONOptions = JSONOptions()
  ) throws(MessageError) -> [UInt8] {
    let unpacked = try UnpackedMessage(bytes.span, self, .response)
    var writer = JSONWriter(options)
    try unsafe writer.write(unpacked.pointer, depth: 1)
    return writer.text
  }
}

/// A C message in the thread's arena, made from JSON.
@safe
struct JSONMessage: ~Copyable {
  let reader: MessageReader
  private let message: UnsafeMutablePointer<ProtobufCMessage>
  private let scope: ArenaScope

  init(
    _ text: Span<UInt8>, _ descriptor: MessageDescriptor, _ limits: DecodingLimits
  ) throws(MessageError) {
    guard text.count <= limits.maxBytes else {
      throw MessageError("has \(text.count) bytes, at most \(limits.maxBytes) are allowed")
    }
    let scope = ArenaScope(
      bytes: limits.memory(forBytes: text.count), allocations: limits.maxAllocations)
    guard let message = unsafe scope.makeMessage(descriptor) else { throw .outOfMemory }
    try unsafe text.withUnsafeBufferPointer { buffer throws(MessageError) in
      guard let base = buffer.baseAddress else { throw MessageError("is empty text") }
      var reader = unsafe JSONReader(base, count: buffer.count, scope.arena, limits)
      try unsafe reader.readDocument(into: message, descriptor)
    }
    unsafe self.message = unsafe message
    reader = unsafe MessageReader(message)
    self.scope = scope
  }

  func serialized() -> [UInt8] {
    let size = unsafe protobuf_c_message_get_packed_size(message)
    return [UInt8](capacity: size) { span in
      unsafe span.withUnsafeMutableBufferPointer { target, count in
        if size > 0 { count = unsafe protobuf_c_message_pack(message, target.baseAddress) }
      }
    }
  }
}
