extension Message {
  /// The serialized message.
  /// - Throws: ``MessageError`` naming a string that holds a NUL, which the wire cannot carry.
  public func serialized() throws(MessageError) -> [UInt8] {
    var buffer: [UInt8] = []
    try appendSerialized(to: &buffer)
    return buffer
  }

  /// Appends the serialized message. Nothing is appended when that fails.
  /// - Throws: ``MessageError`` naming a string that holds a NUL, which the wire cannot carry.
  @inlinable
  package func appendSerialized(to buffer: inout [UInt8]) throws(MessageError) {
    try withPacked { packed in packed.append(to: &buffer) }
  }

  /// Appends the message as a length-delimited field of an enclosing message: tag, length, bytes.
  /// Nothing is appended when that fails.
  /// - Throws: ``MessageError`` naming a string that holds a NUL, which the wire cannot carry.
  @inlinable
  package func appendSerialized(
    asField number: Int, to buffer: inout [UInt8]
  ) throws(MessageError) {
    try withPacked { packed in packed.append(asField: number, to: &buffer) }
  }

  /// Builds the C message and lends it, so that its size is known before the first byte is written:
  /// a frame's header and the message go into one buffer without a copy in between.
  /// - Parameter allocations: Pieces of memory the C message may take.
  /// - Throws: ``MessageError`` naming a string that holds a NUL, which the wire cannot carry; and
  ///   what `body` throws.
  @inlinable
  package func withPacked<R>(
    allocations: Int = .max,
    _ body: (borrowing PackedMessage) throws(MessageError) -> R
  ) throws(MessageError) -> R {
    let draft = try MessageDraft(Self.descriptor, allocations: allocations)
    write(to: draft.writer)
    return try body(try PackedMessage(draft))
  }
}
