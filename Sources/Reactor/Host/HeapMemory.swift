internal import CEpoll

/// How the heap of this process holds memory.
package enum HeapMemory {
  /// Blocks of 1 MiB and more go back to the system when they are freed, and what is free beyond that
  /// at the end of a heap. By itself glibc raises those bounds to the largest block that was ever freed
  /// and twice that (mallopt(3)), and a few frames of 4 MiB would leave a daemon tens of mebibytes
  /// larger for good. Not less than 1 MiB, as fresh pages cost several times what using them does.
  /// - Returns: false when the allocator does not do that, as the one of the address sanitizer.
  package static func giveBackLargeBlocks() -> Bool {
    cepoll_give_back_blocks(1 << 20) != 0
  }
}
