internal import CProtobufC

/// Borrows the thread's arena and gives everything back that was taken meanwhile.
///
/// Scopes nest; the inner one ends first, which lexical scopes see to: never store one.
@safe
@usableFromInline
struct ArenaScope: ~Copyable {
  let arena: UnsafeMutablePointer<Arena>
  private let mark: Arena.Mark

  /// Begins a scope that may take `bytes` in `allocations` pieces.
  init(bytes: Int = .max, allocations: Int = .max) {
    unsafe arena = unsafe ThreadArena.current
    mark = unsafe arena.pointee.mark(bytes: bytes, allocations: allocations)
  }

  @usableFromInline
  deinit {
    unsafe arena.pointee.release(to: mark)
  }

  /// What protobuf-c takes memory with.
  var allocator: ProtobufCAllocator {
    unsafe ProtobufCAllocator(
      alloc: { arena, size in
        guard let arena = unsafe arena?.assumingMemoryBound(to: Arena.self) else { return nil }
        return unsafe arena.pointee.allocate(size)
      },
      free: { arena, pointer in
        guard let arena = unsafe arena?.assumingMemoryBound(to: Arena.self),
          let pointer = unsafe pointer
        else { return }
        unsafe arena.pointee.giveBack(pointer)
      },
      allocator_data: UnsafeMutableRawPointer(arena))
  }

  /// A message of that type with every field at its default; nil when memory is refused.
  func makeMessage(_ descriptor: MessageDescriptor) -> UnsafeMutablePointer<ProtobufCMessage>? {
    unsafe arena.pointee.makeMessage(descriptor)
  }
}

extension Arena {
  /// A message of that type with every field at its default; nil when memory is refused.
  mutating func makeMessage(
    _ descriptor: MessageDescriptor
  ) -> UnsafeMutablePointer<ProtobufCMessage>? {
    guard let memory = unsafe allocate(descriptor.pointer.pointee.sizeof_message) else {
      return nil
    }
    unsafe protobuf_c_message_init(descriptor.pointer, memory)
    return unsafe memory.assumingMemoryBound(to: ProtobufCMessage.self)
  }
}
