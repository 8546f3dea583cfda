internal import FoundationEssentials
package import IntegrationAPI
package import Logging
internal import PostgresClient
package import Reactor
internal import Synchronization

/// Counts verifications in memory and brings the counts to the database every second, so that a
/// verification writes no row of its own.
///
/// A batch that failed, or whose reply was lost, is sent again unchanged until it is known to be
/// recorded; what is counted meanwhile waits for the next. So a count is lost only when the daemon
/// is killed (at most the last second's) or when the database stays away until the bound of
/// ``capacity`` counters is reached.
package final class UsageRecorder: Sendable {
  /// Counters held in memory. What needs another one is counted as lost, and logged.
  package static let capacity = 100_000
  /// Counters in one batch.
  static let batchSize = 5000
  /// How often counts are brought to the database.
  static let interval = Duration.seconds(1)
  /// How long one batch may take.
  private static let timeout = Duration.seconds(5)
  /// How long the last batches may take when the daemon ends.
  private static let farewell = Duration.seconds(5)

  package typealias Record = @Sendable (UsageBatch, Deadline) async throws -> Void

  private struct Tally {
    var count: Int64
    var lastAt: UnixTime
  }

  private struct State {
    var tallies: [UsageCounter: Tally] = [:]
    /// Sent, and not known to be recorded.
    var unsettled: UsageBatch?
    var sequence: Int64 = 0
    var lost: Int64 = 0
    var isFlushing = false
  }

  private let state = Mutex(State())
  private let epoch = UUID()
  private let record: Record
  private let logger: Logger

  package init(logger: Logger, _ record: @escaping Record) {
    self.record = record
    self.logger = logger
  }

  package convenience init(_ repository: UsageRepository, logger: Logger) {
    self.init(logger: logger) { batch, deadline in
      try await repository.record(batch, deadline: deadline)
    }
  }

  /// Counts one decision.
  package func record(_ code: VerificationCode, of subject: UsageSubject, at time: UnixTime) {
    let counter = UsageCounter(subject: subject, hour: time.beginOfHour, code: code.rawValue)
    state.withLock { state in
      if var tally = state.tallies[counter] {
        tally.count += 1
        tally.lastAt = max(tally.lastAt, time)
        state.tallies[counter] = tally
      } else if state.tallies.count < Self.capacity {
        state.tallies[counter] = Tally(count: 1, lastAt: time)
      } else {
        state.lost += 1
      }
    }
  }

  /// Whether counts wait because the last flush failed.
  package var isBehind: Bool {
    state.withLock { $0.unsettled != nil && !$0.isFlushing }
  }

  /// Flushes every second until cancelled, and then once more.
  package func run() async {
    while !Task.isCancelled {
      do {
        try await Task.sleep(for: Self.interval)
      } catch {
        break
      }
      await flush(deadline: .within(Self.timeout))
    }
    // Not a child: this task is cancelled already, and the last counts are to arrive all the same.
    _ = await Task { await self.flush(deadline: .within(Self.farewell)) }.value
  }

  /// Brings everything counted so far to the database, batch by batch. A failure is logged and ends
  /// it; the next flush goes on with the same batch. While another flush is at work, returns at once.
  /// - Returns: whether everything has arrived.
  @discardableResult
  package func flush(deadline: Deadline) async -> Bool {
    guard begin() else { return false }
    defer { state.withLock { $0.isFlushing = false } }
    reportLosses()
    while let batch = nextBatch() {
      do {
        try await record(batch, deadline)
        state.withLock { $0.unsettled = nil }
      } catch {
        if isHopeless(error) {
          state.withLock { $0.unsettled = nil }
          logger.error(
            "usage counts were refused and are lost",
            metadata: ["counters": "\(batch.rows.count)", "error": "\(Self.text(error))"])
        } else {
          logger.debug("usage counts wait", metadata: ["error": "\(Self.text(error))"])
        }
        return false
      }
    }
    return true
  }

  private func begin() -> Bool {
    state.withLock { state in
      if state.isFlushing { return false }
      state.isFlushing = true
      return true
    }
  }

  /// The batch to send: the last one until it is settled, then what was counted since. Nil: nothing.
  private func nextBatch() -> UsageBatch? {
    state.withLock { state in
      if let unsettled = state.unsettled { return unsettled }
      guard !state.tallies.isEmpty else { return nil }
      let rows = state.tallies.prefix(Self.batchSize).map { counter, tally in
        UsageBatch.Row(counter: counter, count: tally.count, lastAt: tally.lastAt)
      }
      if rows.count == state.tallies.count {
        state.tallies.removeAll(keepingCapacity: state.tallies.count < 1024)
      } else {
        for row in rows { state.tallies.removeValue(forKey: row.counter) }
      }
      state.sequence += 1
      let batch = UsageBatch(epoch: epoch, sequence: state.sequence, rows: rows)
      state.unsettled = batch
      return batch
    }
  }

  private func reportLosses() {
    let lost = state.withLock { state in
      defer { state.lost = 0 }
      return state.lost
    }
    guard lost > 0 else { return }
    logger.error(
      "verifications were not counted: too many counters wait for the database",
      metadata: ["verifications": "\(lost)"])
  }

  /// Whether sending the batch again can only fail again.
  private func isHopeless(_ error: any Error) -> Bool {
    guard let error = error as? DatabaseError else { return false }
    switch error.kind {
    case .constraint, .server, .decoding, .misuse, .invalidInput: return true
    case .unavailable, .overloaded, .deadlineExceeded, .cancelled, .outcomeUnknown,
      .serialization, .readOnly, .diskFull:
      return false
    }
  }

  private static func text(_ error: any Error) -> String {
    (error as? DatabaseError)?.debugDescription ?? "\(error)"
  }
}
