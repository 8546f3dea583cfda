internal import CCurl
internal import NetworkAddress
internal import Reactor

/// One request on its way: finds the host's addresses, has them checked, tries one after the other,
/// and sees to it that no part takes longer than it may.
// SAFETY: made and touched on its client's loop only. Others hold it to submit to that loop.
@safe
final class Transfer: @unchecked Sendable {
  private enum Phase {
    case resolving, connecting, exchanging, over
  }

  let request: OutboundRequest
  var response: ResponseCollector
  var obstacle: Obstacle?

  private let client: OutboundHTTPClient
  private let startedAt: MonotonicInstant
  private let deadline: MonotonicInstant
  private var phase = Phase.resolving
  private var continuation: UnsafeContinuation<OutboundResult, Never>?

  private var resolveTook: Duration?
  private var record: NameRecord?
  /// Addresses that are still to be tried.
  private var candidates: ArraySlice<DialAddress> = []
  /// The address that is dialled. The policy was asked about it.
  private(set) var address: DialAddress?
  private var easy: CurlEasy?
  /// Whether a byte of the request may have left.
  private var mayHaveArrived = false
  /// Whether it left, if it did, on a connection that had served before.
  private var leftOnKeptConnection = false

  private var alarm: LoopTimer?
  private var alarmAt = MonotonicInstant.distantFuture
  /// When connecting has to be over, for all addresses and for this one.
  private var connectBy = MonotonicInstant.distantFuture
  private var attemptBy = MonotonicInstant.distantFuture
  private var attemptAt = MonotonicInstant.distantFuture
  private var firstByteBy = MonotonicInstant.distantFuture
  /// When this address took the connection, when the connection was ready for the request, and when
  /// the response began.
  private var connectedAt: MonotonicInstant?
  private var readyAt: MonotonicInstant?
  private var firstByteAt: MonotonicInstant?

  init(_ request: OutboundRequest, of client: OutboundHTTPClient) {
    self.request = request
    self.client = client
    response = ResponseCollector(limits: request.limits)
    startedAt = client.loop.now
    deadline = min(startedAt.advanced(by: request.timeouts.total), request.timeouts.deadline)
  }

  // MARK: Steps

  func begin(_ continuation: UnsafeContinuation<OutboundResult, Never>) {
    unsafe self.continuation = unsafe continuation
    let name = request.url.host
    if let literal = request.url.literal {
      connect(to: NameRecord(addresses: [literal], expires: .distantFuture))
    } else if let record = client.answers.record(of: name, at: startedAt) {
      connect(to: record)
    } else {
      let patience = min(startedAt.advanced(by: request.timeouts.resolve), deadline)
      setAlarm(at: patience)
      // A lookup may hang for long: it keeps nothing alive.
      client.resolver.resolve(name, by: patience) { [weak self, loop = client.loop] answer in
        loop.submit { [weak self] in self?.resolved(answer) }
      }
    }
  }

  private func resolved(_ answer: NameAnswer) {
    guard phase == .resolving else { return }
    resolveTook = startedAt.duration(to: .now())
    switch answer {
    case .addresses(let addresses) where !addresses.isEmpty:
      connect(to: client.answers.keep(addresses, of: request.url.host, at: client.loop.now))
    case .addresses, .notFound:
      fail(.nameNotFound, "\(request.url.host) has no address")
    case .unavailable(let reason):
      fail(.resolverUnavailable, "\(request.url.host) could not be looked up: \(reason)")
    }
  }

  private func connect(to record: NameRecord) {
    if let refusal = record.refusal(by: request.policy) {
      obstacle = .forbidden(refusal)
      return failAtObstacle()
    }
    self.record = record
    candidates = record.candidates[...]
    connectBy = client.loop.now.advanced(by: request.timeouts.connect)
    connectToNext()
  }

  /// Tries the next address, with an equal share of the time for each that is left.
  private func connectToNext() {
    guard let address = candidates.popFirst(), let easy = easy ?? client.takeHandle() else {
      return fail(.localResource, "there is no memory for a request")
    }
    self.easy = easy
    self.address = address
    attemptAt = client.loop.now
    (connectedAt, readyAt) = (nil, nil)
    let share = attemptAt.duration(to: connectBy) / (candidates.count + 1)
    attemptBy = attemptAt.advanced(by: share)
    phase = .connecting
    guard easy.prepare(self, address: address), client.multi.add(easy) else {
      return fail(.localResource, "libcurl did not take the request")
    }
    setAlarm(at: min(attemptBy, deadline))
  }

  /// libcurl is done with it.
  func done(_ code: CURLcode) {
    guard phase != .over, let easy else { return }
    if code == CURLE_OK || response.stop == .body {
      // libcurl takes a header for complete that ended with the connection.
      guard response.isHeaderComplete else {
        return fail(.connectionLost, message(for: .connectionLost, code, easy))
      }
      return succeed(easy)
    }
    let error = CurlError(
      code: code.rawValue, systemError: easy.systemError, certificateError: easy.certificateError,
      isInExchange: mayHaveArrived)
    if obstacle != nil { return failAtObstacle() }
    switch response.stop {
    case .header:
      return fail(
        .responseTooLarge, "the response's header is over \(request.limits.headerBytes) bytes")
    case .transferCoding:
      return fail(.protocolError, "the response has a transfer coding that nobody asked for")
    case .body, nil: break
    }
    if error.isWorthAnotherAddress, !mayHaveArrived, !candidates.isEmpty {
      client.multi.remove(easy)
      return connectToNext()
    }
    fail(error.cause, message(for: error.cause, code, easy))
  }

  func unwatchable(_ error: SystemError) {
    obstacle = .unwatchable(error)
    failAtObstacle()
  }

  func cancel(_ reason: String) {
    fail(.cancelled, reason)
  }

  // MARK: What libcurl asks

  /// Whether `address` may be dialled. Not for the sake of a second time: see ``mayWrite()``.
  func mayDial(_ address: IPAddress?) -> Bool {
    guard !mayHaveArrived else {
      obstacle = .repetition(leftOnKeptConnection: leftOnKeptConnection)
      return false
    }
    guard let address, address == self.address?.address else {
      obstacle = .stray
      return false
    }
    guard let refusal = AddressRefusal(address, by: request.policy) else { return true }
    obstacle = .forbidden(refusal)
    return false
  }

  /// Whether the request may be written to who is at the other end, by libcurl's account. Some versions
  /// ask getpeername(2) for it when the connection has come about, and say nothing when nobody is there
  /// any more.
  func mayTalk(to peer: String) -> Bool {
    // Compared as text first, because that is nearly always enough, and done for each request.
    if peer == address?.text { return true }
    guard peer.isEmpty, !mayHaveArrived else { return mayDial(IPAddress(peer)) }
    connectedAt = connectedAt ?? .now()
    obstacle = .goneAtOnce
    return false
  }

  /// libcurl waits for something to read. Until it is connected it does not: with TLS this is the
  /// only sign of it.
  func isListening() {
    if phase == .connecting, connectedAt == nil { connectedAt = .now() }
  }

  /// There is a connection to ``address``, and the request is about to be written to it. Once: a
  /// request is never sent twice behind the back of who counts its attempts.
  func mayWrite() -> Bool {
    guard !mayHaveArrived else {
      obstacle = .repetition(leftOnKeptConnection: leftOnKeptConnection)
      return false
    }
    mayHaveArrived = true
    leftOnKeptConnection = easy?.didReuseConnection == true
    readyAt = .now()
    connectedAt = connectedAt ?? readyAt
    phase = .exchanging
    firstByteBy = client.loop.now.advanced(by: request.timeouts.firstByte)
    setAlarm(at: min(firstByteBy, deadline))
    return true
  }

  /// A line of the response's header has come.
  func didHear() {
    if firstByteAt == nil { firstByteAt = .now() }
  }

  // MARK: Time

  /// Wakes the transfer then, or before. Most alarms are taken back: they are not put off when there
  /// is more time, but look what the time is for when they go off.
  private func setAlarm(at instant: MonotonicInstant) {
    guard instant < alarmAt else { return }
    alarm?.cancel()
    alarmAt = instant
    alarm = client.loop.schedule(at: instant) {
      self.alarmAt = .distantFuture
      self.alarm = nil
      self.lookAtTheTime()
    }
  }

  private func lookAtTheTime() {
    let now = client.loop.now
    switch phase {
    case .over: return
    case .resolving:
      return fail(.resolverUnavailable, "\(request.url.host) was not looked up in time")
    case .connecting, .exchanging:
      guard now < deadline else {
        return fail(.totalTimeout, "the response was not complete in time")
      }
    }
    guard let easy else { return }
    if phase == .connecting {
      lookAtConnecting(easy, now)
    } else if easy.didResponseBegin {
      setAlarm(at: deadline)
    } else if now < firstByteBy {
      setAlarm(at: min(firstByteBy, deadline))
    } else {
      fail(.firstByteTimeout, "the response did not begin in time")
    }
  }

  private func lookAtConnecting(_ easy: CurlEasy, _ now: MonotonicInstant) {
    if let connectedAt {
      let secureBy = connectedAt.advanced(by: request.timeouts.tls)
      guard now < secureBy else {
        return fail(.tlsFailed(.timeout), "the TLS handshake was not complete in time")
      }
      setAlarm(at: min(secureBy, deadline))
    } else if now < attemptBy {
      setAlarm(at: min(attemptBy, deadline))
    } else if candidates.isEmpty {
      fail(.connectTimeout, "\(peerText) did not answer in time")
    } else {
      client.multi.remove(easy)
      connectToNext()
    }
  }

  // MARK: The end

  private func succeed(_ easy: CurlEasy) {
    guard let address else { return }
    let didReuse = easy.didReuseConnection
    record?.prefer(address.address)
    let result = OutboundResponse(
      status: easy.status, headers: response.headers, body: response.body,
      isBodyTruncated: response.isBodyTruncated, peer: address.address, version: easy.version,
      timings: timings(didReuseConnection: didReuse), didReuseConnection: didReuse)
    finish(.success(result))
  }

  private func failAtObstacle() {
    let (cause, message) = (obstacle ?? .stray).failure(of: request.url.host, at: peerText)
    fail(cause, message)
  }

  private func fail(_ cause: FailureCause, _ message: String) {
    guard phase != .over else { return }
    let didReuse = mayHaveArrived && easy?.didReuseConnection == true
    if case .tlsFailed = cause, connectedAt == nil { connectedAt = .now() }
    let status = easy?.status ?? 0
    finish(
      .failure(
        OutboundFailure(
          cause, message, timings: timings(didReuseConnection: didReuse),
          peer: connectedAt == nil ? nil : address?.address, status: status >= 200 ? status : nil,
          requestMayHaveArrived: mayHaveArrived)))
  }

  private func finish(_ result: OutboundResult) {
    phase = .over
    alarm?.cancel()
    alarm = nil
    if let easy {
      client.multi.remove(easy)
      client.giveBack(easy)
    }
    easy = nil
    client.ended(self)
    let waiting = unsafe continuation
    unsafe continuation = nil
    unsafe waiting?.resume(returning: result)
  }

  private func timings(didReuseConnection: Bool) -> OutboundTimings {
    var timings = OutboundTimings(resolve: resolveTook, total: startedAt.duration(to: .now()))
    if let connectedAt, !didReuseConnection {
      timings.connect = attemptAt.duration(to: connectedAt)
      if let readyAt, request.url.scheme == .https {
        timings.tls = connectedAt.duration(to: readyAt)
      }
    }
    if let readyAt, let firstByteAt { timings.firstByte = readyAt.duration(to: firstByteAt) }
    return timings
  }
}
