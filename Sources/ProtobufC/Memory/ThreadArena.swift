import Glibc

/// The arena of the current thread, made when the thread first needs one and freed when it ends.
enum ThreadArena {
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
