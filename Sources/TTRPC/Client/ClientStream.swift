internal import Reactor

/// A streaming call of a client, on a connection of its own.
///
/// ttrpc has neither a cancel frame nor flow control. With a connection per stream both come for
/// free, with every server: closing it cancels, and not reading it makes the server's writes wait.
// SAFETY: touched on `core.loop` only, except `core`, which never changes.
final class ClientStream: @unchecked Sendable {
  private enum Link {
    case connecting
    case open(ClientConnection)
    case ended(RPCError?)
  }

  let core: ClientCore
  private var link = Link.connecting
  private var call: ClientCall?
  private var timer: LoopTimer?
  private var isFinished = false

  init(_ core: ClientCore) {
    self.core = core
  }

  /// The first and only stream of the connection.
  private static let id: UInt32 = 1

  /// Connects and sends the request.
  func open(_ call: ClientCall) async throws(RPCError) {
    try core.enter(self)
    self.call = call
    do throws(RPCError) {
      let socket = try await connect(call)
      guard case .connecting = link else {
        socket.close()
        throw .clientClosed
      }
      let connection = ClientConnection(
        socket, path: core.configuration.path, usual: 1, onAnswer: { [self] in answered() },
        onEnd: { [self] error in ended(error) })
      do throws(SystemError) {
        try connection.start()
      } catch {
        throw .unreachable(core.configuration.path, error)
      }
      link = .open(connection)
      connection.send(call)
    } catch {
      ended(error)
      throw error
    }
    if call.deadline != .never {
      timer = core.loop.schedule(at: call.deadline.instant) { [weak self] in
        self?.end(.timedOut)
      }
    }
  }

  private func connect(_ call: ClientCall) async throws(RPCError) -> StreamSocket {
    let configuration = core.configuration
    var backoff = Backoff(first: configuration.firstPause, longest: configuration.longestPause)
    while true {
      let failure: SystemError
      do throws(SystemError) {
        return try await StreamSocket.connect(
          path: configuration.path, on: core.loop,
          deadline: call.deadline.sooner(Deadline(after: configuration.connectTime)))
      } catch {
        failure = error
      }
      guard call.whenUnreachable == .wait else {
        throw .unreachable(configuration.path, failure)
      }
      let pause = backoff.failed()
      guard call.deadline.remaining > pause else { throw .timedOut }
      do {
        try await core.loop.sleep(for: pause)
      } catch {
        throw RPCError(.cancelled, "the call was cancelled")
      }
      if case .ended(let error) = link { throw error ?? .clientClosed }
    }
  }

  /// Sends a message of the stream of requests. A completion to wait for when the server is slow.
  func write(_ data: [UInt8]) throws(RPCError) -> Completion<Void>? {
    guard !isFinished else {
      throw RPCError(.failedPrecondition, "the stream of requests was finished")
    }
    switch link {
    case .open(let connection):
      connection.sendData(data, [], stream: Self.id)
      return connection.unsentBytes > core.configuration.streamOutboundMark
        ? connection.drained() : nil
    case .ended(let error):
      throw error ?? RPCError(.cancelled, "the server has ended the call")
    case .connecting:
      throw RPCError(.failedPrecondition, "the stream is not open yet")
    }
  }

  /// Tells the server that there are no more requests. Twice is not an error.
  func finishWriting() {
    guard !isFinished else { return }
    isFinished = true
    if case .open(let connection) = link {
      connection.sendData([], [.remoteClosed, .noData], stream: Self.id)
    }
  }

  func readOn() {
    if case .open(let connection) = link { connection.readOn() }
  }

  /// Ends the call from this side.
  func end(_ error: RPCError) {
    switch link {
    case .connecting: ended(error)
    case .open(let connection): connection.close(error)
    case .ended: break
    }
  }

  /// The server has said its last word: the connection is of no more use.
  private func answered() {
    guard case .open(let connection) = link else { return }
    link = .ended(nil)
    connection.close(RPCError(.cancelled, "the call is over"))
  }

  private func ended(_ error: RPCError) {
    timer?.cancel()
    if case .ended = link {} else { link = .ended(error) }
    call?.fail(error)
    call = nil
    core.leave(self)
  }
}
