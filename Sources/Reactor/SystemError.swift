internal import Glibc

/// A system call that failed: which one, and why.
package struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The value of `errno`, as in `errno(3)`.
  package let errno: Int32
  /// What was tried, in words for a log: `connect /run/x.sock`.
  package let operation: String

  package init(errno: Int32, operation: String) {
    self.errno = errno
    self.operation = operation
  }

  /// The error the calling thread met just now; call before anything else can change `errno`.
  static func last(_ operation: @autoclosure () -> String) -> SystemError {
    let code = Glibc.errno
    return SystemError(errno: code, operation: operation())
  }

  package var description: String {
    var text = [CChar](repeating: 0, count: 128)
    // The POSIX variant: for a number it does not know it says so and returns EINVAL.
    _ = unsafe strerror_r(errno, &text, text.count)
    let message = String(decoding: text.lazy.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
    return "\(operation): \(message) (errno \(errno))"
  }
}
