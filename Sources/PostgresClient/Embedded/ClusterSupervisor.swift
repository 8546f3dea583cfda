internal import Logging
internal import Reactor

/// Looks after a running cluster: starts the server again when it dies, with growing pauses, and
/// keeps its log bounded.
struct ClusterSupervisor {
  let cluster: EmbeddedCluster
  let logger: Logger

  /// How often an adopted server is looked at: three system calls. A child tells its end itself.
  private static let lookInterval: Duration = .milliseconds(100)
  private static let logInterval: Duration = .seconds(60)
  private static let firstPause: Duration = .milliseconds(100)
  private static let longestPause: Duration = .seconds(10)
  /// A server that ran this long was well: the pauses begin small again.
  private static let wellAfter: Duration = .seconds(60)
  /// Recovery after a crash may take long; starting it again would only take longer.
  private static let startLimit: Duration = .seconds(600)

  func run() async {
    var pause = Self.firstPause
    var startedAt = MonotonicInstant.now()
    var logLookedAt = startedAt
    while await wait() {
      if cluster.hasDied {
        if startedAt.duration(to: .now()) > Self.wellAfter { pause = Self.firstPause }
        await restart(after: pause)
        pause = min(pause * 2, Self.longestPause)
        startedAt = .now()
      }
      if logLookedAt.duration(to: .now()) > Self.logInterval {
        logLookedAt = .now()
        boundLog()
      }
    }
  }

  /// Waits until there may be something to do. False when the task was cancelled.
  private func wait() async -> Bool {
    guard case .child(let child) = cluster.server, child.isRunning else {
      // Also a server that somebody stopped, or is starting again, comes here.
      return await sleep(Self.lookInterval)
    }
    do {
      _ = try await child.exit(by: .within(Self.logInterval))
      return true
    } catch {
      return error is DeadlineExceeded
    }
  }

  private func restart(after pause: Duration) async {
    logger.error(
      "PostgreSQL has died and is started again", metadata: ["log": "\(cluster.log.tail())"])
    // Jitter: daemons that share a machine must not all start in the same moment.
    guard await sleep(pause * Double.random(in: 0.5...1)) else { return }
    do throws(EmbeddedClusterError) {
      try await cluster.relaunch(deadline: .within(Self.startLimit))
      logger.notice("PostgreSQL runs again", metadata: ["pid": "\(cluster.serverProcessID)"])
    } catch {
      if error != .cancelled {
        logger.error("PostgreSQL does not start", metadata: ["error": "\(error)"])
      }
    }
  }

  private func boundLog() {
    do throws(EmbeddedClusterError) {
      try cluster.log.keepBounded()
    } catch {
      logger.warning("cannot shorten PostgreSQL's log", metadata: ["error": "\(error)"])
    }
  }

  /// False when the task was cancelled.
  private func sleep(_ duration: Duration) async -> Bool {
    do {
      try await Task.sleep(for: duration)
      return true
    } catch {
      return false
    }
  }
}
