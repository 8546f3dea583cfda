internal import FoundationEssentials
internal import Logging
internal import PostgresClient
internal import Reactor
internal import Synchronization

/// Finds lanes with work in the database: once a moment all of them, and at a hint those of the
/// tenant it names. Hints may get lost; looking is what counts.
final class LaneSearch: Sendable {
  static let channel = NotificationChannel("integrationd_deliveries")

  private static let page = 500
  private static let timeout = Duration.seconds(10)
  /// Searches are at least so far apart, however many hints come.
  private static let shortestPause = Duration.milliseconds(2)

  private let queue: QueueRepository
  private let interval: Duration
  private let logger: Logger
  private let wake: @Sendable ([WebhookLane]) -> Void
  private let wanted = Mutex(Wanted())
  private let bell = DeliveryBell()

  private struct Wanted {
    var everything = true
    var tenants: Set<TenantID> = []
  }

  init(
    _ queue: QueueRepository, interval: Duration, logger: Logger,
    wake: @escaping @Sendable ([WebhookLane]) -> Void
  ) {
    self.queue = queue
    self.interval = interval
    self.logger = logger
    self.wake = wake
  }

  /// Searches until cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.followHints() }
      group.addTask { await self.tick() }
      while !Task.isCancelled {
        await search()
        // Cancelled: it is over.
        try? await Task.sleep(for: Self.shortestPause)
        await bell.wait()
      }
    }
  }

  private func followHints() async {
    for await hint in queue.database.hints(of: Self.channel) {
      let tenant: TenantID? =
        if case .notified(let payload) = hint { TenantID(payload) } else { nil }
      wanted.withLock { wanted in
        if let tenant, wanted.tenants.count < Self.page {
          wanted.tenants.insert(tenant)
        } else {
          wanted.everything = true
        }
      }
      bell.ring()
    }
  }

  private func tick() async {
    // Spread over daemons that started together. Ends by being cancelled.
    while (try? await Task.sleep(for: interval * Double.random(in: 0.8...1))) != nil {
      wanted.withLock { $0.everything = true }
      bell.ring()
    }
  }

  private func search() async {
    let wanted = self.wanted.withLock { wanted in
      defer {
        wanted.everything = false
        wanted.tenants = []
      }
      return wanted
    }
    do throws(DatabaseError) {
      if wanted.everything { return try await searchAll() }
      for tenant in wanted.tenants {
        await tell(
          of: try await queue.lanes(
            of: tenant, limit: Self.page, deadline: .within(Self.timeout)))
      }
    } catch {
      logger.debug("lanes could not be searched: \(error.debugDescription)")
    }
  }

  private func searchAll() async throws(DatabaseError) {
    var last: WebhookLane?
    while !Task.isCancelled {
      let lanes = try await queue.lanes(
        after: last, limit: Self.page, deadline: .within(Self.timeout))
      await tell(of: lanes)
      guard lanes.count == Self.page else { return }
      last = lanes.last?.lane
    }
  }

  /// Wakes what is due now, and what is due before the next search when it is.
  private func tell(of lanes: [QueueQueries.Lane]) async {
    wake(lanes.filter { $0.dueIn <= .zero }.map(\.lane))
    let soon = lanes.filter { $0.dueIn > .zero && $0.dueIn <= interval * 1.5 }
    guard !soon.isEmpty, let loop = EventLoop.current else { return }
    for lane in soon {
      _ = loop.schedule(after: lane.dueIn) { [wake] in wake([lane.lane]) }
    }
  }
}
