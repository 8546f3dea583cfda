internal import CCurl
internal import NetworkAddress
package import Reactor

/// Sends requests to hosts that somebody else runs, from one loop.
///
/// Safe against those who choose the URLs (the address policy of ``OutboundRequest`` holds for
/// the address that is dialled, and for the connection that a request is written to), and against
/// those who answer: every part of a response has a limit and every wait an end. Redirects, cookies,
/// proxies and compression do not exist here. TLS is 1.2 or later, and certificates are checked.
///
/// Connections are kept and used again for the same host at the same address. A request is sent once:
/// one that meets a kept connection just as the other side closes it fails as
/// ``FailureCause/staleConnection``.
// SAFETY: everything mutable is touched on the loop's thread only; `send` and `close` see to it.
package final class OutboundHTTPClient: @unchecked Sendable {
  package let loop: EventLoop
  let resolver: any NameResolver
  let configuration: OutboundConfiguration
  var answers: AnswerCache
  private(set) var multi: CurlMulti
  /// Handles for the next requests: as many as there were requests at a time, until idle.
  private var spare: [CurlEasy] = []
  private var transfers: [ObjectIdentifier: Transfer] = [:]
  private var idleTimer: LoopTimer?
  private var lastEnd = MonotonicInstant(nanoseconds: 0)
  private var isClosed = false

  /// ``close()`` it before it goes. Only on the loop.
  /// - Throws: when libcurl is out of memory, or built without what is needed.
  package init(
    loop: EventLoop, configuration: OutboundConfiguration = OutboundConfiguration(),
    resolver: any NameResolver = SystemResolver.shared
  ) throws(LibcurlError) {
    precondition(loop.isCurrent, "a client is made on the thread of its loop")
    self.loop = loop
    self.configuration = configuration
    self.resolver = resolver
    let limits = configuration.limits
    answers = AnswerCache(capacity: limits.maxAnswers, lifetime: limits.answerLifetime)
    multi = try Self.makeMulti(loop, limits)
    // Finds out now what is wrong with libcurl.
    spare.append(try CurlEasy(configuration))
    connect(multi)
  }

  // MARK: From anywhere

  /// Sends a request, and waits for its end. A cancelled task ends it soon, as
  /// ``FailureCause/cancelled``.
  package func send(_ request: OutboundRequest) async -> OutboundResult {
    guard loop.isCurrent else { return await loop.run { await self.send(request) } }
    if let refusal = refusal(of: request) { return .failure(refusal) }
    let transfer = Transfer(request, of: self)
    return await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation { continuation in
        transfers[ObjectIdentifier(transfer)] = transfer
        unsafe transfer.begin(continuation)
      }
    } onCancel: {
      loop.submit { transfer.cancel("the task was cancelled") }
    }
  }

  /// Ends what is under way, as ``FailureCause/cancelled``, closes all connections, and refuses what
  /// comes from now on. Twice is not an error.
  package func close() async {
    guard loop.isCurrent else { return await loop.run { await self.close() } }
    guard !isClosed else { return }
    isClosed = true
    idleTimer?.cancel()
    idleTimer = nil
    for transfer in transfers.values { transfer.cancel("the client was closed") }
    spare = []
    multi.close()
  }

  // MARK: Only on the loop

  /// Requests under way.
  package var inFlight: Int { transfers.count }

  private func refusal(of request: OutboundRequest) -> OutboundFailure? {
    if isClosed { return OutboundFailure(.cancelled, "the client was closed") }
    guard transfers.count < configuration.limits.maxInFlight else {
      return OutboundFailure(.overloaded, "\(transfers.count) requests are under way")
    }
    guard request.method.mayHaveBody || request.body.isEmpty else {
      return OutboundFailure(.invalidRequest, "\(request.method.rawValue) has no body")
    }
    return nil
  }

  // MARK: For transfers

  /// A handle for a request; nil when there is no memory for one.
  func takeHandle() -> CurlEasy? {
    if let easy = spare.popLast() { return easy }
    do throws(LibcurlError) {
      return try CurlEasy(configuration)
    } catch {
      // What it says was found out by the initialiser, but for the lack of memory.
      return nil
    }
  }

  func giveBack(_ easy: CurlEasy) {
    easy.reset()
    if !isClosed { spare.append(easy) }
  }

  func ended(_ transfer: Transfer) {
    transfers[ObjectIdentifier(transfer)] = nil
    guard transfers.isEmpty, !isClosed else { return }
    lastEnd = loop.now
    if idleTimer == nil { waitForIdleness() }
  }

  // MARK: Connections

  private static func makeMulti(
    _ loop: EventLoop, _ limits: OutboundLimits
  ) throws(LibcurlError) -> CurlMulti {
    // libcurl counts those in use too, and would close one that is idle for each.
    try CurlMulti(
      loop: loop, maxConnections: max(1, limits.maxInFlight + limits.maxIdleConnections))
  }

  private func connect(_ multi: CurlMulti) {
    multi.onDone = { easy, code in easy.transfer?.done(code) }
    multi.onUnwatchable = { easy, error in easy.transfer?.unwatchable(error) }
  }

  private var idleEnd: MonotonicInstant {
    lastEnd.advanced(by: configuration.limits.idleLifetime)
  }

  private func waitForIdleness() {
    idleTimer = loop.schedule(at: idleEnd) { self.closeIdle() }
  }

  /// libcurl looks after connections only when there is a request: without one, those that the other
  /// side closed would stay half open for good.
  private func closeIdle() {
    idleTimer = nil
    guard transfers.isEmpty else { return }
    guard idleEnd <= loop.now else { return waitForIdleness() }
    do throws(LibcurlError) {
      let next = try Self.makeMulti(loop, configuration.limits)
      connect(next)
      spare = []
      multi.close()
      multi = next
    } catch {
      // Out of memory: the connections stay until the next request.
    }
  }
}
