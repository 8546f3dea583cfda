internal import CEpoll

/// How many descriptors the process may have open (`RLIMIT_NOFILE`).
package enum OpenFileLimit {
  /// The kernel's own ceiling where the hard limit names none; proc(5), `fs.nr_open`.
  private static let ceiling = 1 << 20

  /// Raises the limit as far as this process may.
  /// - Returns: the limit that holds now.
  package static func raise() throws(SystemError) -> Int {
    let limit = cepoll_raise_open_files(ceiling)
    guard limit >= 0 else {
      throw SystemError(errno: Int32(-limit), operation: "raise RLIMIT_NOFILE")
    }
    return limit
  }
}
