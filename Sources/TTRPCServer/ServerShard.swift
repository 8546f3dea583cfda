internal import Logging
internal import Reactor
internal import Synchronization
internal import TTRPC

/// What all loops of a server share: nothing of it changes while it serves.
final class ServerCore: Sendable {
  let limits: ServerLimits
  let methods: MethodTable
  let admit: @Sendable (PeerCredentials) -> Admission
  let authorize: @Sendable (ServedMethod, Caller) throws(RPCError) -> Void
  let logger: Logger
  let inbound: InboundBudget
  let outbound: OutboundBudget
  let ledger: ConnectionLedger

  init(_ configuration: ServerConfiguration, _ services: [ServiceDefinition], shardCount: Int) {
    limits = configuration.limits
    methods = MethodTable(services, limits)
    admit = configuration.admit
    authorize = configuration.authorize
    logger = configuration.logger
    inbound = InboundBudget(limits)
    outbound = OutboundBudget(limits, loopCount: shardCount)
    ledger = ConnectionLedger(limits)
  }
}

/// The part of a server that lives on one loop: its connections and their timer.
// SAFETY: what can change is touched on `loop` only, except the counters, which are written there
// and read anywhere.
final class ServerShard: @unchecked Sendable {
  let server: ServerCore
  let loop: EventLoop
  private var connections: [ObjectIdentifier: ServerConnection] = [:]
  private var sweeper: LoopTimer?
  private var ending: (() -> Void)?
  private var hasEnded = false
  /// Cuts off what runs, while it may still finish.
  private var cut: (() -> Void)?
  private var isHurried = false
  private let onClose: @Sendable () -> Void
  private var outbound: OutboundCount
  /// The number of this loop in ``OutboundBudget``.
  private var member = 0

  /// Written by the loop alone, so a load and a store do where others would need an exchange.
  private let open = Atomic<Int>(0)
  private let running = Atomic<Int>(0)
  private let served = Atomic<UInt64>(0)
  /// Connections given to this loop, those on their way to it included.
  private let assigned = Atomic<Int>(0)

  /// - Parameter onClose: called on the loop for each connection that is gone.
  init(_ server: ServerCore, _ loop: EventLoop, onClose: @escaping @Sendable () -> Void) {
    self.server = server
    self.loop = loop
    self.onClose = onClose
    outbound = OutboundCount(step: server.outbound.step)
    member = server.outbound.join(loop) { [weak self] in self?.relieve() }
  }

  // MARK: From any thread

  /// What counts when the next connection is given to the loop with the least.
  var load: Int { assigned.load(ordering: .relaxed) }

  /// A connection is on its way.
  func expectOne() {
    assigned.wrappingAdd(1, ordering: .relaxed)
  }

  var openConnections: Int { open.load(ordering: .relaxed) }
  var callsInFlight: Int { running.load(ordering: .relaxed) }
  var callsServed: UInt64 { served.load(ordering: .relaxed) }

  // MARK: On the loop

  /// Takes a connection over.
  func adopt(_ accepted: AcceptedSocket) {
    let peer = accepted.peer
    guard ending == nil, !hasEnded else { return lost() }
    guard server.ledger.enter(peer.userID) else {
      server.logger.warning(
        "refused a connection: the user has its share", metadata: ["uid": "\(peer.userID)"])
      return lost()
    }
    let caller: Caller
    let refusal: RPCError?
    switch server.admit(peer) {
    case .admitted(let principal):
      caller = Caller(peer: peer, principal: principal, loop: loop)
      refusal = nil
    case .refused(let error):
      caller = Caller(peer: peer, principal: nil, loop: loop)
      refusal = error
    }
    let socket = StreamSocket(accepted, on: loop)
    let connection = ServerConnection(socket, caller: caller, refusal: refusal, shard: self)
    do throws(SystemError) {
      try socket.start(connection)
    } catch {
      server.logger.warning("refused a connection: \(error)")
      server.ledger.leave(peer.userID)
      return lost()
    }
    connections[ObjectIdentifier(connection)] = connection
    add(1, to: open)
    if sweeper == nil { scheduleSweep() }
  }

  /// A connection is closed; its handlers may still run.
  func closed(_ connection: ServerConnection) {
    add(-1, to: open)
    server.ledger.leave(connection.caller.peer.userID)
    lost()
    forgetIfDone(connection)
  }

  /// Forgets a closed connection when its last handler has returned.
  func forgetIfDone(_ connection: ServerConnection) {
    guard connection.isClosed, connection.running == 0 else { return }
    connections[ObjectIdentifier(connection)] = nil
    guard connections.isEmpty else { return }
    sweeper?.cancel()
    sweeper = nil
    endIfEmpty()
  }

  func callStarted() {
    add(1, to: running)
  }

  func callEnded() {
    add(-1, to: running)
    served.store(served.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
  }

  // MARK: Stopping

  /// Accepts nothing more, lets what runs finish for `time`, then cancels it, and calls `done` when
  /// every handler has returned and every answer is sent. Handlers that ignore their cancellation
  /// for `grace` are left behind, and logged; clients that have not taken their answers by then too.
  func end(within time: Duration, grace: Duration, _ done: @escaping () -> Void) {
    ending = done
    for connection in connections.values { connection.drain() }
    guard !connections.isEmpty else { return endIfEmpty() }
    let cut = { [self] in
      for connection in connections.values { connection.cutOff() }
      _ = loop.schedule(after: grace) { [self] in
        guard ending != nil else { return }
        if callsInFlight > 0 {
          server.logger.error(
            "\(callsInFlight) calls ignore their cancellation",
            metadata: ["loop": "\(loop.name)"])
        }
        for connection in connections.values { connection.socket.close() }
        connections = [:]
        endIfEmpty()
      }
    }
    if time <= .zero || isHurried { return cut() }
    let timer = loop.schedule(after: time) { cut() }
    self.cut = {
      timer.cancel()
      cut()
    }
  }

  /// What runs may finish no longer, if this is ending or as soon as it does.
  func hurry() {
    isHurried = true
    cut?()
    cut = nil
  }

  private func endIfEmpty() {
    guard connections.isEmpty, let ending else { return }
    self.ending = nil
    cut = nil
    hasEnded = true
    sweeper?.cancel()
    sweeper = nil
    ending()
  }

  // MARK: Patience

  private func scheduleSweep() {
    sweeper = loop.schedule(after: server.limits.sweepInterval) { [weak self] in self?.sweep() }
  }

  private func sweep() {
    sweeper = nil
    for connection in connections.values { connection.sweep() }
    if !connections.isEmpty { scheduleSweep() }
  }

  // MARK: Memory

  /// Notes that what waits for a client of this loop has changed.
  func outputChanged(from old: Int, to new: Int) {
    guard let bytes = outbound.change(from: old, to: new) else { return }
    let isTooMuch = server.outbound.enter(bytes, heaviest: outbound.heaviest, for: member)
    if isTooMuch, new > old { relieve() }
  }

  /// Closes connections, the one with most first, until no longer too much waits or another loop
  /// has the one with most.
  private func relieve() {
    // What clients take at once is not held against them.
    for connection in connections.values { connection.socket.writeNow() }
    while true {
      let worst = connections.values.max { $0.countedOutput < $1.countedOutput }
      outbound.found(heaviest: worst?.countedOutput ?? 0)
      let isTooMuch = server.outbound.enter(
        outbound.settle(), heaviest: outbound.heaviest, for: member)
      guard isTooMuch, let worst else { return }
      worst.log("closing: too many answers wait for their clients", level: .warning)
      worst.socket.close()
      worst.countOutput()
    }
  }

  private func lost() {
    assigned.wrappingSubtract(1, ordering: .relaxed)
    onClose()
  }

  private func add(_ step: Int, to counter: borrowing Atomic<Int>) {
    counter.store(counter.load(ordering: .relaxed) &+ step, ordering: .relaxed)
  }
}

extension ServerLimits {
  /// How often connections are looked at: a quarter of the shortest patience.
  var sweepInterval: Duration {
    let shortest = [
      headerTime, bodyGrace, idleTime, outboundStall, halfClosedTime,
    ].reduce(Duration.seconds(4)) { min($0, $1) }
    return max(shortest / 4, .milliseconds(5))
  }
}
