internal import CProtobufC

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
