internal import Glibc

/// Owns one file descriptor; `close(2)` when it goes.
struct Descriptor: ~Copyable, Sendable {
  let raw: Int32

  init(_ raw: Int32) {
    self.raw = raw
  }

  /// Takes what a system call returned; -1 becomes an error.
  init(checking result: Int32, _ operation: @autoclosure () -> String) throws(SystemError) {
    guard result >= 0 else { throw .last(operation()) }
    raw = result
  }

  /// Hands the descriptor to the caller, who closes it.
  consuming func release() -> Int32 {
    let value = raw
    discard self
    return value
  }

  deinit {
    // Nothing to do about an error: Linux has released the number even then (close(2)).
    _ = Glibc.close(raw)
  }
}
