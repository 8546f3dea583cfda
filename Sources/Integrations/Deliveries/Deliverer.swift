internal import FoundationEssentials
internal import IntegrationAPI
internal import Logging
internal import OutboundHTTP
internal import PostgresClient
internal import Reactor

/// Delivers the lanes of one loop: claims what is due, sends it, settles it.
///
/// One claim is on its way at a time; while it is, whatever wakes is collected for the next. Attempts
/// run beside it, each a task of its own on this loop.
actor Deliverer {
  /// How long a claim may take.
  private static let claimTimeout = Duration.seconds(10)
  private static let longestPause = Duration.seconds(2)

  private let queue: QueueRepository
  private let webhooks: WebhookRepository
  private let attempter: Attempter
  private let settler: Settler
  private let targets: TargetCache
  private let limits: DeliveryLimits
  private let logger: Logger
  private let bell: DeliveryBell
  private var book: LaneBook
  private var payloadBytes = 0
  private var isDraining = false

  init(
    queue: QueueRepository, webhooks: WebhookRepository, attempter: Attempter, settler: Settler,
    targets: TargetCache, limits: DeliveryLimits, bell: DeliveryBell, logger: Logger
  ) {
    self.queue = queue
    self.webhooks = webhooks
    self.attempter = attempter
    self.settler = settler
    self.targets = targets
    self.limits = limits
    self.bell = bell
    self.logger = logger
    book = LaneBook(room: limits.room)
  }

  /// Attempts on their way.
  var inFlight: Int { book.inFlight }

  /// Delivers until ``drain()``, and then until what is on its way has been settled.
  func run() async {
    await withDiscardingTaskGroup { group in
      var pause = Duration.milliseconds(20)
      while !isDraining {
        for lane in bell.takeLanes() { book.wake(lane) }
        let quotas = payloadBytes < limits.payloadBytes ? book.take(atMost: limits.claimSize) : []
        if quotas.isEmpty {
          await bell.wait()
          continue
        }
        do throws(DatabaseError) {
          for work in try await claim(quotas) { group.addTask { await self.deliver(work) } }
          pause = .milliseconds(20)
        } catch {
          logger.debug("nothing could be claimed: \(error.debugDescription)")
          try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
          pause = min(pause * 2, Self.longestPause)
        }
      }
    }
  }

  /// Claims nothing more; ``run()`` ends when what is on its way has been settled.
  func drain() {
    isDraining = true
    bell.ring()
  }

  /// A delivery with what it takes to make the attempt.
  private struct Work: Sendable {
    let delivery: ClaimedDelivery
    /// Nil: its webhook's settings could not be asked for.
    let target: Result<WebhookTarget, WebhookTargetFailure>?
    /// When the attempt must be over, to be settled before the lease ends.
    let end: MonotonicInstant
  }

  private func claim(_ quotas: [LaneQuota]) async throws(DatabaseError) -> [Work] {
    let token = UUID()
    // By this clock, the lease cannot end before this.
    let leaseEnd = MonotonicInstant.now().advanced(by: limits.lease)
    let claimed: [ClaimedDelivery]
    do throws(DatabaseError) {
      claimed = try await queue.claim(
        quotas, under: token, for: limits.lease, deadline: .within(Self.claimTimeout))
    } catch {
      for quota in quotas {
        book.claimed(0, of: quota)
        book.wake(quota.lane)
      }
      if error.kind == .outcomeUnknown { await hurry(token, quotas) }
      throw error
    }
    var counts: [WebhookLane: Int] = [:]
    for delivery in claimed {
      counts[delivery.lane, default: 0] += 1
      payloadBytes += delivery.data.count
    }
    for quota in quotas { book.claimed(counts[quota.lane] ?? 0, of: quota) }
    guard !claimed.isEmpty else { return [] }
    let found: [WebhookLane: Result<WebhookTarget, WebhookTargetFailure>]
    do throws(DatabaseError) {
      found = try await targets.targets(
        of: claimed, now: .now, deadline: .within(Self.claimTimeout))
    } catch {
      // Each is settled as a fault of our own.
      logger.debug("webhooks could not be read: \(error.debugDescription)")
      found = [:]
    }
    let end = leaseEnd.advanced(by: .zero - limits.settlingTime)
    return claimed.map { Work(delivery: $0, target: found[$0.lane], end: end) }
  }

  /// The claim may have succeeded: whatever it got is to be due now, not when the lease ends. Failing
  /// that, the end of the lease is early enough.
  private func hurry(_ token: UUID, _ quotas: [LaneQuota]) async {
    do throws(DatabaseError) {
      try await queue.hurry(
        token, of: quotas.map(\.lane), deadline: .within(Self.claimTimeout))
    } catch {
      logger.debug("a lost claim waits for the end of its lease: \(error.debugDescription)")
    }
  }

  private func deliver(_ work: Work) async {
    let settlement =
      if work.delivery.isTest {
        // Who made it has died or given up: a test is one attempt, and not made by others.
        Settlement.abandonedTest(work.delivery)
      } else {
        await attempter.attempt(work.delivery, to: work.target, until: work.end)
      }
    let held = await settler.settle(settlement)
    if !held {
      logger.info(
        "an attempt was taken over before it was settled",
        metadata: ["delivery": "\(work.delivery.id)", "attempt": "\(work.delivery.attempt)"])
    }
    if let reason = settlement.disables { await disable(work.delivery.lane, reason) }
    payloadBytes -= work.delivery.data.count
    book.finished(work.delivery.lane, receiverAnswered: settlement.receiverAnswered)
    if case .pending(let delay, _) = settlement.end, delay == .zero {
      bell.wake([work.delivery.lane])
    } else {
      bell.ring()
    }
  }

  /// Should it not be done because the daemon dies just now, the receiver will ask for it again.
  private func disable(_ lane: WebhookLane, _ reason: String) async {
    do {
      try await queue.database.transaction(
        in: .worker, deadline: .within(Self.claimTimeout), retries: .upTo(3)
      ) { transaction in
        try await webhooks.disable(lane, reason: reason, in: transaction)
      }
      logger.notice(
        "a webhook is disabled because its receiver asks for it",
        metadata: ["webhook": "\(lane)", "reason": "\(reason)"])
    } catch {
      logger.error(
        "a webhook whose receiver asks for it could not be disabled",
        metadata: ["webhook": "\(lane)", "error": "\(error)"])
    }
  }
}

extension Settlement {
  fileprivate static func abandonedTest(_ delivery: ClaimedDelivery) -> Settlement {
    var record = AttemptRecord()
    record.cause = .ownFault
    record.errorMessage = "the daemon that made the test did not finish it"
    return Settlement(delivery: delivery, end: .failed(record.errorMessage), record: record)
  }

  /// Whether the receiver took it; nil when the fault was ours and nothing is known.
  var receiverAnswered: Bool? {
    if case .pending(_, spendsBudget: false) = end { return nil }
    return end == .succeeded
  }
}
