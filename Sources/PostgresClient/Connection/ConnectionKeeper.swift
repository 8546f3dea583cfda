internal import Reactor

/// Keeps at most one connection: opens it when asked, and again, after a random pause, when it was lost or
/// refused for as long as it is wanted. Belongs to its loop's thread.
final class ConnectionKeeper {
  private enum State {
    case closed
    case connecting(Connector)
    case open(Connection)
    /// Until the next attempt.
    case resting(LoopTimer)
  }

  private let factory: ConnectionFactory
  private var state = State.closed
  private var backoff = Backoff()
  private var rotation = 0
  private let isWanted: () -> Bool
  private let opened: (Connection) -> Void
  private let lost: (DatabaseError) -> Void

  /// - Parameters:
  ///   - isWanted: whether to go on trying, asked when the pause behind a failure is over.
  ///   - opened: a session is ready.
  ///   - lost: the session ended or could not be opened; called before the next attempt.
  init(
    _ factory: ConnectionFactory, isWanted: @escaping () -> Bool,
    opened: @escaping (Connection) -> Void, lost: @escaping (DatabaseError) -> Void
  ) {
    self.factory = factory
    self.isWanted = isWanted
    self.opened = opened
    self.lost = lost
  }

  var connection: Connection? {
    if case .open(let connection) = state { connection } else { nil }
  }

  var isClosed: Bool { if case .closed = state { true } else { false } }

  /// Whether it is on its way to a connection, resting in between included.
  var isOpening: Bool {
    switch state {
    case .connecting, .resting: true
    case .closed, .open: false
    }
  }

  /// Begins to connect, unless it has begun or is connected.
  func open() {
    guard case .closed = state else { return }
    connect()
  }

  /// Ends the connection, or the attempt at one. Nobody is told.
  func close() {
    let ending = state
    state = .closed
    switch ending {
    case .closed: break
    case .connecting(let connector): connector.cancel()
    case .open(let connection): connection.close()
    case .resting(let timer): timer.cancel()
    }
  }

  private func connect() {
    let connector = factory.connector { [weak self] result in self?.connected(result) }
    state = .connecting(connector)
    connector.start(rotation: rotation, timeout: factory.timeout)
  }

  private func connected(_ result: Result<Connection, ConnectFailure>) {
    guard case .connecting = state else {
      if case .success(let connection) = result { connection.close() }
      return
    }
    switch result {
    case .success(let connection):
      backoff.succeeded()
      state = .open(connection)
      connection.onLost = { [weak self] error in
        // The same host would take the next session as gladly, and its writes as little.
        if error.sqlState == .readOnlyTransaction { self?.rotation &+= 1 }
        self?.ended(error, isCrowded: false)
      }
      opened(connection)
    case .failure(let failure):
      if failure.shouldTryNextHost { rotation &+= 1 }
      ended(failure.error, isCrowded: failure.isCrowded)
    }
  }

  private func ended(_ error: DatabaseError, isCrowded: Bool) {
    state = .closed
    lost(error)
    guard case .closed = state else { return }
    // The pause is kept even when nobody wants the connection just now: somebody may a moment later.
    var random = SystemRandomNumberGenerator()
    let pause = backoff.next(isCrowded: isCrowded, using: &random)
    state = .resting(
      factory.loop.schedule(after: pause) { [weak self] in
        guard let self else { return }
        state = .closed
        if isWanted() { connect() }
      })
  }
}

/// What it takes to open sessions of one role on one loop.
struct ConnectionFactory {
  let loop: EventLoop
  let parameters: ConnectionParameters
  let limits: Connection.Limits
  let timelines: TimelineGuard
  let timeout: Duration

  func connector(
    _ completion: @escaping (Result<Connection, ConnectFailure>) -> Void
  ) -> Connector {
    Connector(
      loop: loop, parameters: parameters, limits: limits, timelines: timelines,
      completion: completion)
  }
}
