internal import CEpoll
internal import Glibc

/// Keeps what is in this process's memory out of files and other processes.
package enum MemoryProtection {
  /// No core dumps (`RLIMIT_CORE` 0), and no reading of this process's memory by others of the same
  /// user (`PR_SET_DUMPABLE` 0, prctl(2)). Children keep the first and lose the second at exec.
  package static func enable() throws(SystemError) {
    var limit = rlimit(rlim_cur: 0, rlim_max: 0)
    guard unsafe setrlimit(__rlimit_resource_t(UInt32(RLIMIT_CORE.rawValue)), &limit) == 0 else {
      throw .last("setrlimit RLIMIT_CORE")
    }
    let code = cepoll_forbid_dumps()
    guard code == 0 else { throw SystemError(errno: code, operation: "prctl PR_SET_DUMPABLE") }
  }
}
