extension Message {
  /// Reads proto3 JSON: lowerCamelCase and snake_case names, 64-bit numbers with or without quotes,
  /// enum values by name or number.
  /// - Throws: ``MessageError`` naming the field or the byte that is wrong; an unknown field and a
  ///   field given twice are wrong.
  public init(jsonUTF8 bytes: [UInt8]) throws(MessageError) {
    try self.init(jsonUTF8: bytes.span, limits: .response)
  }

  /// Reads proto3 JSON within limits.
  /// - Throws: As ``init(jsonUTF8:)``.
  package init(jsonUTF8 bytes: Span<UInt8>, limits: DecodingLimits) throws(MessageError) {
    let message = try JSONMessage(bytes, Self.descriptor, limits)
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
    try unsafe unpacked.withMessage { message throws(MessageError) in
      try unsafe writer.write(message, depth: 1)
    }
    return writer.text
  }
}
