import CProtobufC

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
  /// - Throws: ``MessageError`` naming a string that holds a NUL, which the wire cannot carry; and
  ///   what `body` throws.
  @inlinable
  package func withPacked<R>(
    _ body: (borrowing PackedMessage) throws(MessageError) -> R
  ) throws(MessageError) -> R {
    let packed = try PackedMessage(Self.descriptor)
    write(to: packed.writer)
    try packed.checkWritten()
    return try body(packed)
  }
}

/// A C message in the thread's arena that is complete and can be serialized.
@safe
@usableFromInline
package struct PackedMessage: ~Copyable {
  @usableFromInline
  let writer: MessageWriter
  private let message: UnsafeMutablePointer<ProtobufCMessage>
  private let scope: ArenaScope

  /// - Parameter allocations: Pieces of memory the message may take.
  @usableFromInline
  init(_ descriptor: MessageDescriptor, allocations: Int = .max) throws(MessageError) {
    let scope = ArenaScope(allocations: allocations)
    guard let message = unsafe scope.makeMessage(descriptor) else { throw .outOfMemory }
    unsafe self.message = unsafe message
    writer = unsafe MessageWriter(message, scope.arena)
    self.scope = scope
  }

  @usableFromInline
  func checkWritten() throws(MessageError) {
    if let violation = unsafe scope.arena.pointee.violation { throw MessageError(violation) }
    if unsafe scope.arena.pointee.hasFailed { throw .outOfMemory }
  }

  /// Bytes of the serialized message.
  @usableFromInline
  package var size: Int { unsafe protobuf_c_message_get_packed_size(message) }

  /// Bytes of tag, length and message in a field of that number.
  @usableFromInline
  package func size(asField number: Int) -> Int {
    let size = size
    return Self.tagSize(number) + WireBytes.varintSize(UInt64(size)) + size
  }

  /// Appends the serialized message.
  @usableFromInline
  package func append(to buffer: inout [UInt8]) { append(size, to: &buffer) }

  /// Appends the message as a length-delimited field: tag, length, bytes.
  @usableFromInline
  package func append(asField number: Int, to buffer: inout [UInt8]) {
    let size = size
    WireBytes.appendVarint(Self.tag(number), to: &buffer)
    WireBytes.appendVarint(UInt64(size), to: &buffer)
    append(size, to: &buffer)
  }

  private func append(_ size: Int, to buffer: inout [UInt8]) {
    guard size > 0 else { return }
    buffer.append(addingCapacity: size) { span in
      unsafe span.withUnsafeMutableBufferPointer { target, count in
        count = unsafe protobuf_c_message_pack(message, target.baseAddress)
      }
    }
  }

  private static func tag(_ number: Int) -> UInt64 {
    precondition(number > 0 && number < 1 << 29, "\(number) is not a field number")
    return UInt64(number) << 3 | UInt64(WireBytes.lengthDelimited)
  }

  private static func tagSize(_ number: Int) -> Int { WireBytes.varintSize(tag(number)) }
}

extension PackedMessage {
  /// The message as proto3 JSON.
  func json(_ options: JSONOptions) throws(MessageError) -> [UInt8] {
    var writer = JSONWriter(options)
    try unsafe writer.write(UnsafePointer(message), depth: 1)
    return writer.text
  }
}
