internal import Glibc
internal import Reactor

/// A running PostgreSQL server: one that we started, or one found running in the data directory
/// because the daemon before us was killed.
enum Postmaster: Sendable {
  case child(ChildProcess)
  case adopted(pid: pid_t, of: ServerProcess)

  var pid: pid_t {
    switch self {
    case .child(let child): child.processID
    case .adopted(let pid, _): pid
    }
  }

  var isAlive: Bool {
    switch self {
    case .child(let child): child.isRunning
    case .adopted(let pid, let cluster): cluster.serves(pid)
    }
  }

  /// Ends every session and writes everything before the server ends.
  func shutDownFast() { send(.interrupt, SIGINT) }

  /// Ends the server as a crash would; the next start recovers.
  func shutDownImmediately() { send(.quit, SIGQUIT) }

  /// Has the server read its configuration files again.
  func reload() { send(.hangup, SIGHUP) }

  private func send(_ signal: Signal, _ number: Int32) {
    switch self {
    case .child(let child): child.signal(signal)
    // Its id may have become another process's since we last looked.
    case .adopted(let pid, _): if isAlive { kill(pid, number) }
    }
  }
}
