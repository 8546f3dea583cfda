internal import CEpoll
internal import Glibc

/// How the heap of this process holds memory.
package enum HeapMemory {
  /// Blocks of 1 MiB and more go back to the system when they are freed, and what is free beyond that
  /// at the end of a heap. By itself glibc raises those bounds to the largest block that was ever freed
  /// and twice that (mallopt(3)), and a few frames of 4 MiB would leave a daemon tens of mebibytes
  /// larger for good. Not less than 1 MiB, as fresh pages cost several times what using them does.
  /// - Throws: `EINVAL` when glibc refuses.
  package static func giveBackLargeBlocks() throws(SystemError) {
    guard cepoll_give_back_blocks(1 << 20, 1 << 20) != 0 else {
      throw SystemError(errno: EINVAL, operation: "mallopt")
    }
  }
}
