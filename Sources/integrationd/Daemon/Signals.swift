internal import Logging
internal import Reactor

/// Obeys the signals of the process: SIGTERM and SIGINT drain, a second one stops at once, SIGHUP
/// reads the access policy again.
struct Signals: Sendable {
  let stop: StopSwitch
  let reload: @Sendable () -> Void
  let logger: Logger

  /// Until cancelled, or until there is nothing to drain yet.
  /// - Throws: ``Interrupted`` when the daemon is told to stop before it serves.
  func run(on loop: EventLoop) async throws {
    let signals = try await SignalWatch.sequence(
      of: [.terminate, .interrupt, .hangup], on: loop)
    for await signal in signals {
      if signal == .hangup {
        reload()
        continue
      }
      logger.notice("stopping", metadata: ["signal": "\(signal)"])
      guard stop.press() else { throw Interrupted() }
    }
  }

  /// The daemon was told to stop before it served.
  struct Interrupted: Error {}
}
