internal import Glibc
package import Reactor

/// A small file that is on the disk, complete, closed to others and under its name, when writing it
/// returns: for what must not be lost once something else relies on it.
package enum DurableFile {
  /// What becomes of a file that has the name already.
  package enum Precedent: Sendable {
    /// It stays, and writing fails with `EEXIST`.
    case stays
    case isReplaced
  }

  /// Writes a file with mode 0600: readers see the old content, the new one, or none, never a part.
  package static func write(
    _ bytes: [UInt8], to path: String, precedent: Precedent
  ) throws(SystemError) {
    let draft = "\(path).new-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    // What is left of it may not outlive this; that it is gone already is no error.
    defer { unsafe unlink(draft) }
    try writeDraft(bytes, to: draft)
    switch precedent {
    // Unlike rename(2), link(2) refuses a name that is taken.
    case .stays: guard unsafe link(draft, path) == 0 else { throw failure("make \(path)") }
    case .isReplaced:
      guard unsafe rename(draft, path) == 0 else { throw failure("replace \(path)") }
    }
    try synchronise(directory: directory(of: path))
  }

  /// Makes the names of a directory's entries survive a power cut.
  package static func synchronise(directory: String) throws(SystemError) {
    let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open \(directory)") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("write \(directory) to disk") }
  }

  private static func writeDraft(_ bytes: [UInt8], to path: String) throws(SystemError) {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let descriptor = unsafe open(path, flags, 0o600)
    guard descriptor >= 0 else { throw failure("make \(path)") }
    defer { close(descriptor) }
    try put(bytes, descriptor, path)
    guard fsync(descriptor) == 0 else { throw failure("write \(path) to disk") }
  }

  private static func put(
    _ bytes: [UInt8], _ descriptor: Int32, _ path: String
  ) throws(SystemError) {
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure("write \(path)") }
      written += count
    }
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func failure(_ operation: String) -> SystemError {
    SystemError(errno: errno, operation: operation)
  }
}
