internal import Glibc
internal import Reactor

/// An open log file; closed with its owner.
struct LogFile: ~Copyable {
  private let descriptor: Int32
  private let path: String

  /// Opens a log to read and to cut, and makes it when it is missing.
  init(_ path: String) throws(EmbeddedClusterError) {
    let flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW
    descriptor = unsafe open(path, flags, 0o600)
    self.path = path
    guard descriptor >= 0 else {
      throw .system(SystemError(errno: errno, operation: "open \(path)"))
    }
  }

  deinit { close(descriptor) }

  /// Zero when it cannot be told.
  var sizeBytes: Int {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  /// The end of the file, from the start of a line when it has to be cut, and without the line
  /// break at its end. Empty when the file cannot be read.
  func tail(limitBytes: Int, from start: Int = 0) -> String {
    let size = sizeBytes
    let first = max(start, size - limitBytes)
    guard first < size else { return "" }
    var bytes = [UInt8](repeating: 0, count: size - first)
    let count = unsafe pread(descriptor, &bytes, bytes.count, off_t(first))
    var text = bytes.prefix(max(0, count))
    if first > start, let lineBreak = text.firstIndex(of: UInt8(ascii: "\n")) {
      text = text[(lineBreak + 1)...]
    }
    while text.last == UInt8(ascii: "\n") { text.removeLast() }
    return String(decoding: text, as: UTF8.self)
  }

  /// Empties the file.
  func cut() throws(EmbeddedClusterError) {
    guard ftruncate(descriptor, 0) == 0 else {
      throw .system(SystemError(errno: errno, operation: "cut \(path)"))
    }
  }
}
