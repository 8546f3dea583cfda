internal import Glibc

/// The process's standard output and error.
package enum StandardStream: Int32, Sendable {
  case output = 1
  case error = 2

  /// As much as a pipe takes at once (`PIPE_BUF`): poll(2) says "writable" only when it fits.
  private static let chunk = 4096

  /// Writes a text, or leaves it when nobody reads the other end and its buffer is full: the
  /// daemon must not stand still because a terminal does.
  /// - Returns: whether all of it was written.
  @discardableResult
  package func write(_ text: String) -> Bool {
    Self.write(text, to: rawValue)
  }

  static func write(_ text: String, to descriptor: Int32) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      guard isWritable(descriptor) else { return false }
      let part = Array(rest.prefix(chunk))
      let written = unsafe Glibc.write(descriptor, part, part.count)
      if written < 0 {
        guard errno == EINTR else { return false }
        continue
      }
      rest = rest.dropFirst(written)
    }
    return true
  }

  private static func isWritable(_ descriptor: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    while true {
      let ready = unsafe poll(&entry, 1, 0)
      if ready >= 0 { return ready == 1 && entry.revents & Int16(POLLOUT) != 0 }
      guard errno == EINTR else { return false }
    }
  }
}
