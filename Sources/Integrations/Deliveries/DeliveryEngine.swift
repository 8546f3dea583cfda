internal import FoundationEssentials
package import IntegrationAPI
internal import Logging
internal import OutboundHTTP
internal import PostgresClient
package import Reactor
internal import Synchronization
internal import TTRPC

/// Delivers what is owed to webhooks: at least once, until it ends.
///
/// The truth is in the database: a delivery that is pending and due is in a lane there, whatever any
/// daemon remembers. This one is woken by what it publishes itself, by hints of other publishers, and
/// by looking once a second. Several daemons on one database share the work: a claim skips what
/// another has.
///
/// A lane belongs to one loop, so that its receiver's connections are used again.
package final class DeliveryEngine: Sendable {
  /// What is left, after the last attempt was cut off, to settle it.
  private static let settlingTime = Duration.seconds(3)
  /// What is left of a test's deadline to log it and answer.
  private static let timeToAnswer = Duration.seconds(1)
  /// Tests on their way on one loop, besides deliveries.
  private static let testRoom = 64

  private let environment: ServiceEnvironment
  private let settings: OutboundSettings
  private let limits: DeliveryLimits
  private let loops: EventLoopGroup
  private let queue: QueueRepository
  private let webhooks: WebhookRepository
  private let targets: WebhookTargets
  private let names = NameWitness()
  private let bells: [DeliveryBell]
  private let stopped: AsyncStream<Never>
  private let stop: AsyncStream<Never>.Continuation
  /// What tests are sent with, by loop; empty while nothing is delivered.
  private let attempters = Mutex<[Attempter]>([])

  package init(
    _ environment: ServiceEnvironment, loops: EventLoopGroup, settings: OutboundSettings,
    limits: DeliveryLimits = DeliveryLimits()
  ) {
    self.environment = environment
    self.settings = settings
    self.limits = limits
    self.loops = loops
    queue = QueueRepository(database: environment.database)
    webhooks = WebhookRepository(
      database: environment.database, keyring: environment.keyring)
    targets = WebhookTargets(webhooks, outbound: settings, logger: environment.logger)
    bells = loops.loops.map { _ in DeliveryBell() }
    (stopped, stop) = AsyncStream.makeStream()
  }

  /// Tells the engine that lanes have something due. From anywhere, and costs next to nothing.
  package func wake(_ lanes: [WebhookLane]) {
    guard !lanes.isEmpty else { return }
    for (index, own) in Dictionary(grouping: lanes, by: place).sorted(by: { $0.key < $1.key }) {
      bells[index].wake(own)
    }
  }

  /// Which loop a lane lives on.
  private func place(of lane: WebhookLane) -> Int {
    let bytes = lane.webhook.uuid.bytes
    let number = bytes.suffix(4).reduce(UInt(0)) { $0 << 8 | UInt($1) }
    return Int(number % UInt(bells.count))
  }

  /// Begins to stop: claims nothing more. ``run()`` ends when what is on its way is settled, or after
  /// ``DeliveryLimits/drainTime``, when the rest is given back as due. Twice is not an error.
  package func drain() { stop.finish() }

  /// Delivers until ``drain()`` or cancellation; both stop gently. To be called once.
  package func run() async throws {
    // Not a child: a cancelled task could settle nothing any more.
    let work = Task { try await deliver() }
    try await withTaskCancellationHandler {
      try await work.value
    } onCancel: {
      drain()
    }
  }

  /// What delivers on one loop.
  private struct Part {
    let loop: EventLoop
    let client: OutboundHTTPClient
    let settler: Settler
    let deliverer: Deliverer
  }

  private func deliver() async throws {
    var parts: [Part] = []
    for (loop, bell) in zip(loops.loops, bells) { parts.append(try await part(loop, bell)) }
    await withTaskGroup(of: Void.self) { group in
      for part in parts {
        group.addTask(executorPreference: part.loop) { await part.deliverer.run() }
      }
      let search = LaneSearch(
        queue, interval: limits.pollInterval, logger: environment.logger,
        wake: { [weak self] in self?.wake($0) })
      let searching = Task(executorPreference: loops.loops[0]) { await search.run() }
      for await _ in stopped {}
      searching.cancel()
      await searching.value
      attempters.withLock { $0 = [] }
      let end = Deadline.within(limits.drainTime + Self.settlingTime)
      for part in parts {
        await part.settler.giveUp(at: end)
        await part.deliverer.drain()
      }
      let cut = Task { [parts, limits] in
        // Cancelled when all is settled in time.
        guard (try? await Task.sleep(for: limits.drainTime)) != nil else { return }
        // What is still on its way is settled as a fault of ours, and due again soon.
        for part in parts { await part.client.close() }
      }
      await group.waitForAll()
      cut.cancel()
      await cut.value
    }
    for part in parts { await part.client.close() }
  }

  private func part(_ loop: EventLoop, _ bell: DeliveryBell) async throws -> Part {
    let client = try await loop.run { () throws -> OutboundHTTPClient in
      try OutboundHTTPClient(loop: loop, configuration: self.http)
    }
    let attempter = Attempter(
      http: client, settings: settings, names: names, logger: environment.logger)
    attempters.withLock { $0.append(attempter) }
    let settler = Settler(queue, on: loop, logger: environment.logger)
    return Part(
      loop: loop, client: client, settler: settler,
      deliverer: Deliverer(
        queue: queue, webhooks: webhooks, attempter: attempter, settler: settler,
        targets: TargetCache(targets), limits: limits, bell: bell, logger: environment.logger))
  }

  private var http: OutboundConfiguration {
    var configuration = OutboundConfiguration(
      userAgent: "integrationd", extraCAFile: settings.caFile)
    // Tests come on top.
    configuration.limits.maxInFlight = limits.room + Self.testRoom
    return configuration
  }
}

// MARK: Tests

extension DeliveryEngine: WebhookTesting {
  package func test(
    _ lane: WebhookLane, data: [UInt8], deadline: Deadline
  ) async throws -> DeliveryAttempt {
    let place = place(of: lane)
    guard let attempter = attempters.withLock({ $0.count > place ? $0[place] : nil }) else {
      throw ServiceError(
        .unavailable, "nothing is delivered just now", details: [.retryInfo(.seconds(1))])
    }
    let deliveries = DeliveryRepository(database: environment.database)
    let id = try await deliveries.insertTest(to: lane, data: data, deadline: deadline)
    let end = MonotonicInstant.now().advanced(by: limits.lease - limits.settlingTime)
    guard
      let claimed = try await queue.claim(
        id, of: lane.tenant, under: UUID(), for: limits.lease, deadline: deadline)
    else { throw ServiceError(.aborted, "the test was taken over by another daemon") }
    let target = try await targets.targets(of: [lane], deadline: deadline).first
    let lastMoment = deadline.instant.advanced(by: .zero - Self.timeToAnswer)
    // Not a child: a caller who goes away would leave an attempt that nobody settles.
    let work = Task {
      let settlement = await attempter.attempt(claimed, to: target, until: min(end, lastMoment))
      return try await queue.settle(
        [settlement.withoutAnother], deadline: .within(limits.settlingTime))
    }
    _ = try await work.value
    guard
      let attempt = try await deliveries.attempt(
        claimed.attempt, of: id, tenant: lane.tenant, deadline: deadline)
    else { throw ServiceError.notFound("webhook", lane.webhook.description) }
    return attempt.message
  }
}

extension Settlement {
  /// A test is over whatever it found.
  fileprivate var withoutAnother: Settlement {
    guard case .pending = end else { return self }
    var settlement = self
    settlement.end =
      .failed(record.errorMessage.isEmpty ? "the test failed" : record.errorMessage)
    return settlement
  }
}
