internal import Dispatch
internal import Reactor

/// Waiting for what gives no signal: a process that is not our child, a file the server writes.
enum Polling {
  /// Short against the 35 ms in which a server starts, long against the cost of a look (10 us).
  private static let interval: DispatchTimeInterval = .milliseconds(2)

  /// What ends a wait early, besides its condition and its deadline.
  enum Interruption: Sendable {
    /// The cancellation of the task: ``EmbeddedClusterError/cancelled`` is thrown.
    case cancellation
    /// Nothing: to stop a server is work that a cancelled task still has to do.
    case none
  }

  /// Looks until `condition` holds.
  /// - Returns: whether it held before the deadline passed.
  static func wait(
    until deadline: Deadline, endedBy interruption: Interruption = .cancellation,
    for condition: () throws(EmbeddedClusterError) -> Bool
  ) async throws(EmbeddedClusterError) -> Bool {
    while try !condition() {
      if deadline.hasPassed { return false }
      if case .cancellation = interruption, Task.isCancelled { throw .cancelled }
      await pause()
    }
    return true
  }

  /// `Task.sleep` would return at once in a cancelled task.
  private static func pause() async {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().asyncAfter(deadline: .now() + interval) {
        continuation.resume()
      }
    }
  }
}
