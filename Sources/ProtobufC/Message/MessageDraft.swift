internal import CProtobufC

/// A C message in the thread's arena that is being written.
@usableFromInline
@safe
struct MessageDraft: ~Copyable {
  @usableFromInline
  let writer: MessageWriter
  let message: UnsafeMutablePointer<ProtobufCMessage>
  let scope: ArenaScope

  /// - Parameter allocations: Pieces of memory the message may take.
  @usableFromInline
  init(_ descriptor: MessageDescriptor, allocations: Int) throws(MessageError) {
    let scope = ArenaScope(allocations: allocations)
    guard let message = unsafe scope.makeMessage(descriptor) else { throw .noMemory }
    unsafe self.message = unsafe message
    writer = unsafe MessageWriter(message, scope.arena)
    self.scope = scope
  }
}

extension MessageError {
  /// The system has no memory for the message.
  static var noMemory: MessageError { MessageError("takes more memory than there is") }
}
