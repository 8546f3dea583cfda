internal import CProtobufC

/// A C message in the thread's arena, made from bytes that the validator accepted.
@usableFromInline
@safe
struct UnpackedMessage: ~Copyable {
  @usableFromInline
  let reader: MessageReader
  private let pointer: UnsafePointer<ProtobufCMessage>
  private let scope: ArenaScope

  /// - Throws: ``MessageError`` when the validator refuses the bytes or the memory they would take.
  @usableFromInline
  init(
    _ bytes: Span<UInt8>, _ descriptor: MessageDescriptor, _ limits: DecodingLimits
  ) throws(MessageError) {
    let scope = ArenaScope(
      bytes: limits.memory(forBytes: bytes.count), allocations: limits.maxAllocations)
    var allocator = unsafe scope.allocator
    unsafe scope.arena.pointee.forgetSlabs()
    // protobuf-c copies what it keeps, so the message outlives the borrow of the bytes.
    let message = try unsafe bytes.withUnsafeBufferPointer { bytes throws(MessageError) in
      try unsafe WireValidator.check(bytes, descriptor, limits)
      return unsafe protobuf_c_message_unpack(
        descriptor.pointer, &allocator, bytes.count, bytes.baseAddress)
    }
    guard let message = unsafe message else {
      throw unsafe scope.arena.pointee.hasFailed
        ? .outOfMemory : MessageError("is refused by protobuf-c")
    }
    unsafe pointer = unsafe UnsafePointer(message)
    reader = unsafe MessageReader(message)
    self.scope = scope
  }

  /// Lends the C message, which lives as long as this value.
  func withMessage<R>(
    _ body: (UnsafePointer<ProtobufCMessage>) throws(MessageError) -> R
  ) throws(MessageError) -> R {
    try unsafe body(pointer)
  }
}

extension MessageError {
  /// The message would take more memory than one of its length may.
  static var outOfMemory: MessageError {
    MessageError("takes more memory than a message of its length may")
  }
}
