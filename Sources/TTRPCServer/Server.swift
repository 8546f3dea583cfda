internal import Logging
package import Reactor
internal import Synchronization
package import TTRPC

/// Serves services on a Unix socket: spreads the connections over loops and answers for every call
/// it starts.
///
/// Two ways to stop. ``drain(within:)``: the socket file goes, calls that run may finish until the
/// time is over, new ones are refused with UNAVAILABLE, then what is left is cancelled. Cancelling
/// the task of ``run(whenReady:)``: the same with no time at all.
package final class Server: Sendable {
  private let configuration: ServerConfiguration
  private let core: ServerCore
  private let loops: [EventLoop]
  private let shards: [ServerShard]
  private let door: Door
  private let stop = Completion<Duration>()
  /// How long handlers may take to notice that they were cancelled.
  private let grace: Duration

  /// - Parameters:
  ///   - loops: who does the work; they outlive the server.
  ///   - grace: how long handlers may take to notice that they were cancelled.
  /// - Precondition: no method is defined twice.
  package init(
    _ configuration: ServerConfiguration, services: [ServiceDefinition], on loops: EventLoopGroup,
    grace: Duration = .seconds(5)
  ) {
    self.configuration = configuration
    self.loops = loops.loops
    self.grace = grace
    let core = ServerCore(configuration, services, shardCount: loops.loops.count)
    let door = Door(loops.loops[0], maxConnections: configuration.limits.maxConnections)
    self.core = core
    self.door = door
    shards = loops.loops.map { loop in ServerShard(core, loop) { door.oneLeft() } }
  }

  /// Listens and serves until told to stop. Once.
  /// - Parameter whenReady: called when connections are taken.
  /// - Throws: ``ListenError`` when the path cannot be listened at.
  package func run(whenReady: @Sendable () -> Void = {}) async throws {
    let shards = shards
    try await loops[0].run { () throws(ListenError) in
      try self.door.open(self.configuration) { accepted in
        // The loop with the fewest connections; they count at once, so bursts spread too.
        var best = shards[0]
        for shard in shards where shard.load < best.load { best = shard }
        best.expectOne()
        let chosen = best
        chosen.loop.submit { chosen.adopt(accepted) }
      }
    }
    whenReady()
    let time: Duration
    do {
      time = try await stop.value()
    } catch {
      time = .zero
    }
    await loops[0].run { self.door.close() }
    await withTaskGroup { group in
      for shard in shards {
        group.addTask { await self.end(shard, within: time) }
      }
    }
  }

  /// Asks ``run(whenReady:)`` to end: what runs may finish within `time`. From any thread; the first
  /// request counts, but a later one without any time cuts off at once what still runs.
  package func drain(within time: Duration) {
    guard !stop.succeed(time), time <= .zero else { return }
    for shard in shards { shard.loop.submit { shard.hurry() } }
  }

  /// What the server is doing.
  package var statistics: ServerStatistics {
    ServerStatistics(
      openConnections: shards.reduce(0) { $0 + $1.openConnections },
      callsInFlight: shards.reduce(0) { $0 + $1.callsInFlight },
      callsServed: shards.reduce(0) { $0 + $1.callsServed })
  }

  /// Open connections of each loop.
  package var connectionsPerLoop: [Int] { shards.map(\.openConnections) }

  /// Bytes of unread frames that count against ``ServerLimits/maxInboundBytes``.
  package var reservedInboundBytes: Int { core.inbound.reserved }

  /// Bytes of answers that count against ``ServerLimits/maxOutboundBytes``: a little more than wait.
  package var enteredOutboundBytes: Int { core.outbound.entered }

  private func end(_ shard: ServerShard, within time: Duration) async {
    await withCheckedContinuation { continuation in
      shard.loop.submit {
        shard.end(within: time, grace: self.grace) { continuation.resume() }
      }
    }
  }
}

/// What a server is doing.
package struct ServerStatistics: Sendable, Hashable {
  /// Connections open now.
  package var openConnections: Int
  /// Calls running now, that of the asker included.
  package var callsInFlight: Int
  /// Calls that have ended since the start, however they did.
  package var callsServed: UInt64
}

/// The listening socket and the number of those it let in.
// SAFETY: `listener` is touched on `loop` only.
private final class Door: @unchecked Sendable {
  private let loop: EventLoop
  private let maxConnections: Int
  private var listener: UnixListener?
  private var hasOpened = false
  private var isPaused = false
  private let inside = Atomic<Int>(0)

  init(_ loop: EventLoop, maxConnections: Int) {
    self.loop = loop
    self.maxConnections = maxConnections
  }

  func open(
    _ configuration: ServerConfiguration, _ onAccept: @escaping (AcceptedSocket) -> Void
  ) throws(ListenError) {
    precondition(!hasOpened, "a server runs once")
    hasOpened = true
    listener = try UnixListener.bind(
      path: configuration.path, permissions: configuration.permissions,
      group: configuration.group, on: loop
    ) { accepted in
      let count = self.inside.wrappingAdd(1, ordering: .relaxed).newValue
      if count >= self.maxConnections {
        self.isPaused = true
        self.listener?.pauseAccepting()
      }
      onAccept(accepted)
    }
  }

  /// A connection is gone. From any loop.
  func oneLeft() {
    let count = inside.wrappingSubtract(1, ordering: .relaxed).newValue
    guard count == maxConnections - 1 else { return }
    loop.submit {
      guard self.isPaused, self.inside.load(ordering: .relaxed) < self.maxConnections else {
        return
      }
      self.isPaused = false
      self.listener?.resumeAccepting()
    }
  }

  func close() {
    listener?.close()
    // It holds who it calls.
    listener = nil
  }
}
