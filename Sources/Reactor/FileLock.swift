internal import CEpoll
internal import Glibc

/// Why a ``FileLock`` was not had.
package enum FileLockError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Someone has it; their process id, if the file tells.
  case held(path: String, processID: Int32?)
  case system(SystemError)

  package var description: String {
    switch self {
    case .held(let path, let processID):
      "\(path) is locked by " + (processID.map { "process \($0)" } ?? "another process")
    case .system(let error): "\(error)"
    }
  }
}

/// An exclusive `flock(2)` on a file, held until ``release()`` or the end of this object or of the
/// process, however it ends. The file remains and tells the holder's process id.
package final class FileLock: Sendable {
  /// How often to follow a file that others remove and create again.
  private static let maxAttempts = 100

  package let path: String
  private let descriptor: Guarded<Int32>

  /// Takes the lock at once or not at all. Creates the file (mode 0600) where there is none; does
  /// not follow a symbolic link.
  package init(path: String) throws(FileLockError) {
    self.path = path
    for _ in 0..<Self.maxAttempts {
      let file: Descriptor
      do throws(SystemError) {
        file = try Descriptor(
          checking: unsafe cepoll_open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600),
          "open \(path)")
      } catch {
        throw .system(error)
      }
      guard flock(file.raw, LOCK_EX | LOCK_NB) == 0 else {
        guard errno == EWOULDBLOCK else { throw .system(.last("flock \(path)")) }
        throw .held(path: path, processID: Self.holder(in: file.raw))
      }
      // Locking a file that was unlinked in between would lock nobody out: again, with the new one.
      guard let mine = FileIdentity(of: file.raw), mine == FileIdentity(at: path) else { continue }
      Self.write(holder: getpid(), to: file.raw)
      descriptor = Guarded(file.release())
      return
    }
    throw .system(SystemError(errno: ESTALE, operation: "lock \(path), which keeps changing"))
  }

  /// Gives the lock up. Twice is not an error.
  package func release() {
    descriptor.withLock { descriptor in
      guard descriptor >= 0 else { return }
      // Closing would not do: a child that is just being started holds a copy until it is loaded.
      _ = flock(descriptor, LOCK_UN)
      _ = Glibc.close(descriptor)
      descriptor = -1
    }
  }

  deinit {
    release()
  }

  private static func holder(in descriptor: Int32) -> Int32? {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = unsafe pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    let digits = bytes.prefix(count).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    return Int32(String(decoding: digits, as: UTF8.self))
  }

  /// For people only: who cannot write it still has the lock.
  private static func write(holder: Int32, to descriptor: Int32) {
    let text = Array("\(holder)\n".utf8)
    _ = ftruncate(descriptor, 0)
    _ = unsafe pwrite(descriptor, text, text.count, 0)
  }
}

/// Which file a name or a descriptor stands for.
struct FileIdentity: Hashable, Sendable {
  let device: UInt64
  let inode: UInt64

  init?(of descriptor: Int32) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Does not follow a symbolic link.
  init?(at path: String) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }
}
