internal import Logging
package import Reactor
internal import Synchronization

/// Whether the database can be reached, why not, and since when.
package struct DatabaseState: Sendable, Hashable {
  package let isHealthy: Bool
  /// One line for an operator; nil when healthy. May name hosts and roles, never a password or a value.
  package let reason: String?
  package let since: MonotonicInstant
}

/// Gathers the state of the database from those who hold connections: it is healthy when all of them
/// have one.
final class StateBoard: Sendable {
  private struct Contents {
    /// Why each reporter has no connection; nil when it has.
    var reasons: [String?] = []
    var state: DatabaseState
    var observers: [Int: AsyncStream<DatabaseState>.Continuation] = [:]
    var nextObserver = 0
  }

  private let contents: Mutex<Contents>
  private let logger: Logger

  init(logger: Logger) {
    self.logger = logger
    contents = Mutex(
      Contents(
        state: DatabaseState(isHealthy: false, reason: Self.initialReason, since: .now())))
  }

  private static let initialReason = "not connected yet"

  /// A reporter's number, to report with. Until it does it counts as not connected.
  func seat() -> Int {
    contents.withLock { contents in
      contents.reasons.append(Self.initialReason)
      return contents.reasons.count - 1
    }
  }

  var state: DatabaseState { contents.withLock { $0.state } }

  /// The state now and after every change. A slow reader misses what was overtaken.
  func states() -> AsyncStream<DatabaseState> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: DatabaseState.self, bufferingPolicy: .bufferingNewest(1))
    let number = contents.withLock { contents in
      contents.nextObserver += 1
      contents.observers[contents.nextObserver] = continuation
      continuation.yield(contents.state)
      return contents.nextObserver
    }
    continuation.onTermination = { [weak self] _ in
      self?.contents.withLock { $0.observers[number] = nil }
    }
    return stream
  }

  /// A reporter has a connection, or none and why.
  func report(_ lane: Lane.State, from seat: Int) {
    let change = contents.withLock { contents -> DatabaseState? in
      switch lane {
      case .up: contents.reasons[seat] = nil
      case .down(let error): contents.reasons[seat] = error.message ?? error.description
      }
      let reason = contents.reasons.lazy.compactMap(\.self).first
      guard reason != contents.state.reason else { return nil }
      // A new reason is no new outage.
      let since =
        contents.state.isHealthy == (reason == nil) ? contents.state.since : MonotonicInstant.now()
      contents.state = DatabaseState(isHealthy: reason == nil, reason: reason, since: since)
      for observer in contents.observers.values { observer.yield(contents.state) }
      return contents.state
    }
    switch change?.reason {
    case _ where change == nil: break
    case let reason?: logger.warning("database not available", metadata: ["reason": "\(reason)"])
    case nil: logger.info("database available")
    }
  }

  /// Ends the streams of states.
  func close() {
    let observers = contents.withLock { contents in
      defer { contents.observers = [:] }
      return contents.observers.values.map(\.self)
    }
    for observer in observers { observer.finish() }
  }
}
