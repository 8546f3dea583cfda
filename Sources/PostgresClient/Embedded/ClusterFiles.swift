internal import Glibc
internal import Reactor

/// Small files of a cluster, read and written whole.
enum ClusterFiles {
  /// Replaces a file: readers see the old content or the new one, never a part.
  /// - Parameter group: may read the file; nil: the owner only.
  static func write(_ text: String, to path: String, group: gid_t?) throws(EmbeddedClusterError) {
    let unfinished = path + ".new"
    // What a crash left behind; a new name each time would collect.
    unsafe unlink(unfinished)
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let descriptor = unsafe open(unfinished, flags, 0o600)
    guard descriptor >= 0 else { throw failure("write \(unfinished)") }
    defer { close(descriptor) }
    if let group {
      guard fchown(descriptor, uid_t.max, group) == 0, fchmod(descriptor, 0o640) == 0 else {
        throw failure("set the group of \(unfinished)")
      }
    }
    try put(text, to: descriptor, unfinished)
    guard unsafe rename(unfinished, path) == 0 else { throw failure("replace \(path)") }
  }

  /// Overwrites a file in place, keeping its owner and permissions.
  static func overwrite(_ path: String, with text: String) throws(EmbeddedClusterError) {
    let descriptor = unsafe open(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open \(path)") }
    defer { close(descriptor) }
    try put(text, to: descriptor, path)
  }

  private static func put(
    _ text: String, to descriptor: Int32, _ path: String
  ) throws(EmbeddedClusterError) {
    let bytes = Array(text.utf8)
    // The files are small: a local file system takes them whole or is full.
    let written = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    guard written == bytes.count else { throw failure("write \(path)") }
  }

  /// The text of a file of at most 64 KiB; nil when there is none.
  static func read(_ path: String) throws(EmbeddedClusterError) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw failure("open \(path)")
    }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
    }
    guard count >= 0 else { throw failure("read \(path)") }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  /// Makes the renaming of entries of a directory survive a power cut.
  static func synchronise(directory: String) throws(EmbeddedClusterError) {
    do throws(SystemError) {
      try DurableFile.synchronise(directory: directory)
    } catch {
      throw .system(error)
    }
  }

  private static func failure(_ operation: String) -> EmbeddedClusterError {
    .system(SystemError(errno: errno, operation: operation))
  }
}
