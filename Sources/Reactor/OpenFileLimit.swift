internal import CEpoll
internal import Glibc

/// How many descriptors the process may have open (`RLIMIT_NOFILE`).
package enum OpenFileLimit {
  /// The kernel's own ceiling where the hard limit names none; proc(5), `fs.nr_open`.
  private static let ceiling: rlim_t = 1 << 20

  /// Raises the limit as far as this process may.
  /// - Returns: the limit that holds now.
  package static func raise() throws(SystemError) -> Int {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else {
      throw .last("getrlimit RLIMIT_NOFILE")
    }
    let most = min(limit.rlim_max, ceiling)
    guard limit.rlim_cur < most else { return Int(min(limit.rlim_cur, ceiling)) }
    limit.rlim_cur = most
    guard unsafe setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else {
      throw .last("setrlimit RLIMIT_NOFILE")
    }
    return Int(most)
  }
}
