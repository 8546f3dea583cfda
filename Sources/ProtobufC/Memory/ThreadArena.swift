import Glibc
internal import Synchronization

/// The arena of the current thread, made when the thread first needs one and freed when it ends.
package enum ThreadArena {
  // SAFETY: written once, before its first use, by the initialiser of a global constant.
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let status = unsafe pthread_key_create(&key) { arena in
      let arena = unsafe arena?.assumingMemoryBound(to: Arena.self)
      unsafe arena?.deinitialize(count: 1)
      unsafe arena?.deallocate()
    }
    precondition(status == 0, "the process has no thread-local storage left for an arena")
    return key
  }()

  /// Arenas freed so far, whose threads have ended.
  package static var arenasFreed: Int { freed.load(ordering: .relaxed) }
  private static let freed = Atomic<Int>(0)
  /// Notes that an arena was freed.
  static func noteFreed() { freed.add(1, ordering: .relaxed) }

  /// Chunks of memory that the thread's messages took from the system so far.
  package static var chunksTaken: Int { unsafe current.pointee.chunksTaken }

  /// Bytes that the thread's messages took from the system so far.
  package static var bytesTaken: Int { unsafe current.pointee.bytesTaken }

  /// Bytes that the thread keeps for its next message.
  package static var bytesHeld: Int { unsafe current.pointee.bytesHeld }

  /// Gives each piece of each message its own chunk meanwhile, so that an address sanitizer sees
  /// where a piece ends and that it is gone.
  package static func isolatingPieces<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    unsafe current.pointee.isolatesPieces = true
    defer { unsafe current.pointee.isolatesPieces = false }
    return try body()
  }

  /// Valid on this thread until it ends.
  static var current: UnsafeMutablePointer<Arena> {
    if let arena = unsafe pthread_getspecific(key) {
      return unsafe arena.assumingMemoryBound(to: Arena.self)
    }
    let arena = UnsafeMutablePointer<Arena>.allocate(capacity: 1)
    unsafe arena.initialize(to: Arena())
    let status = unsafe pthread_setspecific(key, arena)
    precondition(status == 0, "the process has no memory left for a thread's arena")
    return unsafe arena
  }
}
