extension Message {
  /// Decodes a serialized message, with the limits of a daemon's answer.
  /// - Throws: ``MessageError`` naming the field that is not as the format or its type wants it.
  public init(serialized bytes: [UInt8]) throws(MessageError) {
    try self.init(serialized: bytes.span, limits: .response)
  }

  /// Decodes a serialized message where it lies.
  /// - Throws: ``MessageError`` naming the field that is not as the format or its type wants it.
  @inlinable
  package init(serialized bytes: Span<UInt8>, limits: DecodingLimits) throws(MessageError) {
    let unpacked = try UnpackedMessage(bytes, Self.descriptor, limits)
    try self.init(from: unpacked.reader)
  }
}
