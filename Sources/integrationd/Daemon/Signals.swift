internal import Logging
internal import Reactor

/// Obeys the signals of the process: SIGTERM and SIGINT drain, a second one stops at once, SIGHUP
/// reads the access policy again.
struct Signals: Sendable {
  let stop: StopSwitch
  let reload: @Sendable () -> Void
  let logger: Logger

  /// From now on the signals no longer end the process by themselves.
  static func watch(on loop: EventLoop) async throws(SystemError) -> AsyncStream<Signal> {
    try await SignalWatch.sequence(
      of: [.terminate, .interrupt, .hangup], on: loop, then: .caughtForGood)
  }

  /// Until cancelled.
  /// - Throws: ``Interrupted`` when the daemon is told to stop before it serves.
  func obey(_ signals: AsyncStream<Signal>) async throws {
    for await signal in signals {
      if signal == .hangup {
        reload()
        continue
      }
      switch stop.press() {
      case .nothingToStop: throw Interrupted()
      case .draining:
        logger.notice(
          "stopping, calls that run may finish",
          metadata: ["signal": "\(signal)", "within": "\(StopSwitch.drainTime)"])
      case .cutting: logger.notice("stopping now", metadata: ["signal": "\(signal)"])
      case .ignored: break
      }
    }
  }

  /// The daemon was told to stop before it served.
  struct Interrupted: Error {}
}
