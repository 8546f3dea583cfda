internal import CProtobufC

/// A C message in the thread's arena that is complete and can be serialized.
@usableFromInline
@safe
package struct PackedMessage: ~Copyable {
  /// The longest message the format allows, in bytes (protobuf.dev, "Proto Limits").
  private static let maxSize = Int(Int32.max)

  /// Bytes of the serialized message.
  @usableFromInline
  package let size: Int
  private let message: UnsafeMutablePointer<ProtobufCMessage>
  private let scope: ArenaScope

  /// - Throws: ``MessageError`` when something could not be written.
  @usableFromInline
  init(_ draft: consuming MessageDraft) throws(MessageError) {
    if let violation = unsafe draft.scope.arena.pointee.violation {
      throw MessageError(violation)
    }
    if unsafe draft.scope.arena.pointee.hasFailed { throw .noMemory }
    let size = unsafe protobuf_c_message_get_packed_size(draft.message)
    guard size <= Self.maxSize else {
      throw MessageError("has \(size) bytes, at most \(Self.maxSize) are allowed")
    }
    self.size = size
    unsafe message = unsafe draft.message
    scope = draft.scope
  }

  /// Bytes of tag, length and message in a field of that number.
  @usableFromInline
  package func size(asField number: Int) -> Int {
    WireBytes.varintSize(Self.tag(number)) + WireBytes.varintSize(UInt64(size)) + size
  }

  /// Appends the serialized message.
  @usableFromInline
  package func append(to buffer: inout [UInt8]) {
    buffer.append(addingCapacity: size) { span in append(to: &span) }
  }

  /// Writes the serialized message behind what is in `span`, which must have room for it.
  package func append(to span: inout OutputSpan<UInt8>) {
    precondition(span.freeCapacity >= size, "a message of \(size) bytes needs as much room")
    guard size > 0 else { return }
    unsafe span.withUnsafeMutableBufferPointer { target, count in
      count += unsafe protobuf_c_message_pack(message, target.baseAddress.unsafelyUnwrapped + count)
    }
  }

  /// Appends the message as a length-delimited field: tag, length, bytes.
  @usableFromInline
  package func append(asField number: Int, to buffer: inout [UInt8]) {
    buffer.append(addingCapacity: size(asField: number)) { span in
      append(asField: number, to: &span)
    }
  }

  /// Writes the message as a length-delimited field behind what is in `span`, which must have room.
  package func append(asField number: Int, to span: inout OutputSpan<UInt8>) {
    WireBytes.appendVarint(Self.tag(number), to: &span)
    WireBytes.appendVarint(UInt64(size), to: &span)
    append(to: &span)
  }

  /// The message as proto3 JSON.
  func json(_ options: JSONOptions) throws(MessageError) -> [UInt8] {
    var writer = JSONWriter(options)
    try unsafe writer.write(UnsafePointer(message), depth: 1)
    return writer.text
  }

  private static func tag(_ number: Int) -> UInt64 {
    precondition(number > 0 && number < 1 << 29, "\(number) is not a field number")
    return UInt64(number) << 3 | UInt64(WireBytes.lengthDelimited)
  }
}
