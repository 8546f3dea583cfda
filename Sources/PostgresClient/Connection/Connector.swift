internal import CLibpq
internal import Reactor
internal import Synchronization

/// Opens one session without blocking the loop, and gives up after a time.
// SAFETY: made, used and freed on its loop's thread; the resolver's thread only submits to the loop.
final class Connector: @unchecked Sendable {
  private let loop: EventLoop
  private let parameters: ConnectionParameters
  private let limits: Connection.Limits
  private let timelines: TimelineGuard
  private var handle: SessionHandle?
  private var connection: Connection?
  private var watch: Watch?
  private var timer: LoopTimer?
  /// Read by the resolver's thread.
  private let isGivenUp = Atomic<Bool>(false)
  private var completion: ((Result<Connection, ConnectFailure>) -> Void)?

  /// - Parameter completion: called once on the loop, never before ``start(rotation:timeout:)`` returns.
  init(
    loop: EventLoop, parameters: ConnectionParameters, limits: Connection.Limits,
    timelines: TimelineGuard, completion: @escaping (Result<Connection, ConnectFailure>) -> Void
  ) {
    self.loop = loop
    self.parameters = parameters
    self.limits = limits
    self.timelines = timelines
    self.completion = completion
  }

  /// - Parameter rotation: how many hosts to pass over at first; they are tried last.
  func start(rotation: Int, timeout: Duration) {
    timer = loop.schedule(after: timeout) { [self] in
      finish(.failure(ConnectFailure("connecting took too long", shouldTryNextHost: true)))
    }
    let targets = parameters.targets
    HostResolver.resolve(
      targets, isWanted: { [self] in !isGivenUp.load(ordering: .relaxed) }
    ) { [self] hosts in
      loop.submit { [self] in
        guard completion != nil else { return }
        guard !hosts.isEmpty || targets.isEmpty else {
          return finish(.failure(ConnectFailure("no host has a known address")))
        }
        let start = hosts.isEmpty ? 0 : rotation % hosts.count
        open(hosts: Array(hosts[start...] + hosts[..<start]))
      }
    }
  }

  /// Gives up without a word to the completion.
  func cancel() {
    isGivenUp.store(true, ordering: .relaxed)
    completion = nil
    release()
    handle?.finish()
    handle = nil
    connection?.close()
    connection = nil
  }

  private func open(hosts: [ResolvedHost]) {
    guard let handle = SessionHandle(keywords: parameters.keywords(hosts: hosts)) else {
      return finish(.failure(ConnectFailure("out of memory")))
    }
    self.handle = handle
    if handle.isBroken {
      finish(.failure(ConnectFailure(libpqMessage: handle.errorMessage)))
    } else {
      // libpq asks to be treated at first as if it had said so.
      wait(handle, for: .write)
    }
  }

  private func wait(_ handle: SessionHandle, for interest: Interest) {
    do throws(SystemError) {
      watch = try loop.watch(descriptor: handle.socket, for: interest) { [self] _ in proceed() }
    } catch {
      finish(.failure(ConnectFailure("\(error)")))
    }
  }

  private func proceed() {
    // libpq may close the socket and open another within a poll, under the same number even.
    watch?.cancel()
    watch = nil
    guard let handle else { return }
    switch handle.poll() {
    case PGRES_POLLING_READING: wait(handle, for: .read)
    case PGRES_POLLING_WRITING: wait(handle, for: .write)
    case PGRES_POLLING_OK: opened(handle)
    default: finish(.failure(ConnectFailure(libpqMessage: handle.errorMessage)))
    }
  }

  private func opened(_ handle: SessionHandle) {
    guard handle.enterPipeline() else {
      return finish(.failure(ConnectFailure("the session does not enter pipeline mode")))
    }
    self.handle = nil
    let connection = Connection(loop: loop, handle: handle, limits: limits)
    self.connection = connection
    connection.onLost = { [self] error in
      finish(.failure(ConnectFailure(error.message ?? "\(error)", sqlState: error.sqlState)))
    }
    do throws(SystemError) {
      try connection.start()
    } catch {
      return finish(.failure(ConnectFailure("\(error)")))
    }
    connection.send(TimelineGuard.check { [self] outcome in checked(outcome) })
  }

  private func checked(_ outcome: Result<String?, DatabaseError>) {
    guard completion != nil, let connection else { return }
    switch outcome {
    case .failure(let error):
      finish(.failure(ConnectFailure(error.debugDescription, sqlState: error.sqlState)))
    case .success(let timeline):
      guard timelines.admits(timeline) else {
        let message = "the server is on a timeline that was left: it is an old primary"
        return finish(.failure(ConnectFailure(message, shouldTryNextHost: true)))
      }
      self.connection = nil
      connection.onLost = nil
      finish(.success(connection))
    }
  }

  private func finish(_ result: Result<Connection, ConnectFailure>) {
    guard let completion else { return }
    cancel()
    completion(result)
  }

  private func release() {
    watch?.cancel()
    watch = nil
    timer?.cancel()
    timer = nil
  }
}
