internal import IntegrationAPI
internal import Logging
internal import PostgresClient
internal import Reactor

/// Settles attempts in batches: what ends while one batch is at the database travels in the next.
///
/// A settlement is tried until the database has taken it, because losing it would mean another
/// request to a receiver that has answered already. Lives on one loop.
actor Settler {
  /// Attempts in one transaction.
  private static let batchSize = 256
  /// How long one transaction may take.
  private static let timeout = Duration.seconds(10)
  private static let longestPause = Duration.seconds(2)

  private let loop: EventLoop
  private let queue: QueueRepository
  private let logger: Logger
  private var waiting: [(Settlement, Completion<Bool>)] = []
  private var isFlushing = false
  /// Past it, nothing is tried again.
  private var end = Deadline.never

  init(_ queue: QueueRepository, on loop: EventLoop, logger: Logger) {
    self.loop = loop
    self.queue = queue
    self.logger = logger
  }

  /// Settles an attempt.
  /// - Returns: whether its lease still held, as far as is known.
  func settle(_ settlement: Settlement) async -> Bool {
    let settled = Completion<Bool>()
    waiting.append((settlement, settled))
    if !isFlushing {
      isFlushing = true
      // Nobody's child: it serves whoever comes while it is at it, and ends when nobody waits.
      Task(executorPreference: loop) { await self.flush() }
    }
    // Never failed, and not cancelled: deliveries run in tasks that nobody cancels.
    return (try? await settled.valueUncancelled()) ?? false
  }

  /// Gives up what the database does not take by then: the leases will run out.
  func giveUp(at deadline: Deadline) { end = deadline }

  private func flush() async {
    while !waiting.isEmpty {
      let batch = Array(waiting.prefix(Self.batchSize))
      waiting.removeFirst(batch.count)
      let held = await insist(batch.map(\.0))
      for (settlement, settled) in batch { settled.succeed(held.contains(settlement.settled)) }
    }
    isFlushing = false
  }

  private func insist(_ batch: [Settlement]) async -> Set<SettledAttempt> {
    var pause = Duration.milliseconds(20)
    while !end.hasPassed {
      do throws(DatabaseError) {
        return try await queue.settle(batch, deadline: end.sooner(.within(Self.timeout)))
      } catch {
        guard error.mayPass else { return await apart(batch, error) }
        logger.debug("settlements wait: \(error.debugDescription)")
      }
      // Cancellation would only cut the pause short.
      try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
      pause = min(pause * 2, Self.longestPause)
    }
    logger.warning(
      "attempts were not settled before the daemon ended; their leases run out by themselves",
      metadata: ["attempts": "\(batch.count)"])
    return []
  }

  /// One of a batch cannot be stored: each for itself, and what cannot even so, without what the
  /// receiver wrote.
  private func apart(_ batch: [Settlement], _ error: DatabaseError) async -> Set<SettledAttempt> {
    guard batch.count == 1, var only = batch.first else {
      var held: Set<SettledAttempt> = []
      for settlement in batch { held.formUnion(await insist([settlement])) }
      return held
    }
    logger.error(
      "an attempt cannot be logged as it went",
      metadata: [
        "delivery": "\(only.delivery.id)", "attempt": "\(only.delivery.attempt)",
        "error": "\(error.debugDescription)",
      ])
    let bare = only.record.withoutResponse
    guard bare != only.record else { return [] }
    only.record = bare
    return await insist([only])
  }
}

extension DatabaseError {
  /// Whether the same statement may succeed later.
  fileprivate var mayPass: Bool {
    switch kind {
    case .constraint, .server, .decoding, .misuse, .invalidInput: false
    case .unavailable, .overloaded, .deadlineExceeded, .cancelled, .outcomeUnknown,
      .serialization, .readOnly, .diskFull:
      true
    }
  }
}
